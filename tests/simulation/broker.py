"""A simulated broker: partitions by key, positions of groups, and nothing that is lost."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple
from zlib import crc32

from shared.messaging.envelope import Headers, Record

PARTITIONS = 3


class Source(NamedTuple):
    """One partition that a group reads."""

    topic: str
    partition: int


@dataclass
class Broker:
    """Records of one key stay in the order in which they were sent; others have none."""

    logs: dict[Source, list[Record]] = field(default_factory=lambda: defaultdict(list))
    positions: dict[tuple[str, Source], int] = field(default_factory=lambda: defaultdict(int))
    _unread: dict[str, list[Source]] = field(default_factory=dict)

    def send(self, topic: str, key: bytes, value: bytes | None, headers: Headers) -> Record:
        source = Source(topic, crc32(key) % PARTITIONS)
        log = self.logs[source]
        record = Record(topic, source.partition, len(log), key, value, headers)
        log.append(record)
        self._unread.clear()
        return record

    def unread(self, group: str, topics: Sequence[str]) -> list[Source]:
        """Partitions with records that the group's offsets have not passed."""
        if group not in self._unread:
            self._unread[group] = [
                source
                for topic in topics
                for source in _sources(topic)
                if self.positions[group, source] < len(self.logs[source])
            ]
        return self._unread[group]

    def read(self, group: str, source: Source, records_max: int) -> list[Record]:
        at = self.positions[group, source]
        return self.logs[source][at : at + records_max]

    def commit(self, group: str, records: Sequence[Record]) -> None:
        """Offsets move behind ``records``, never back."""
        self._unread.pop(group, None)
        for one in records:
            place = (group, Source(one.topic, one.partition))
            self.positions[place] = max(self.positions[place], one.offset + 1)

    def topic(self, topic: str) -> list[Record]:
        """All of a topic, partition by partition, in order."""
        return [one for source in _sources(topic) for one in self.logs[source]]


@cache
def _sources(topic: str) -> tuple[Source, ...]:
    return tuple(Source(topic, n) for n in range(PARTITIONS))
