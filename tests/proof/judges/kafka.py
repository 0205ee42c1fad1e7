"""An independent reader of Kafka: every record of every topic, without a consumer group.

CloudEvents (binary mode) are decoded by hand: attributes are the headers ``ce_…``, data is JSON.
"""

import asyncio
import contextlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

READ_TIMEOUT_S, FETCH_WAIT_MAX_MS = 60.0, 50
FACTS = ("orders.events.v1", "payments.events.v1", "inventory.events.v1", "fulfilment.events.v1")
ORDERS = FACTS[0]
OUTCOMES = ("confirmed", "rejected", "expired", "cancelled")

Place = tuple[str, int]


@dataclass(frozen=True)
class Told:
    """One record; ``topic`` is without the stack's prefix, ``at`` the broker's ms."""

    topic: str
    partition: int
    offset: int
    key: str
    headers: Mapping[str, str]
    data: Any
    at: int = 0

    @property
    def id(self) -> tuple[str, str]:
        """What makes two records the same event."""
        return self.headers.get("ce_source", ""), self.headers.get("ce_id", "")

    @property
    def type(self) -> str:
        return self.headers.get("ce_type", "")

    @property
    def sequence(self) -> int:
        """The event's number among its order's in its topic, -1 when it has none."""
        text = self.headers.get("ce_sequence", "")
        return int(text) if text.isascii() and text.isdigit() else -1


def decode(record: "ConsumerRecord[bytes, bytes]", prefix: str) -> Told:
    """A record as it is; what is no JSON has no data."""
    headers = {name: (raw or b"").decode(errors="replace") for name, raw in record.headers}
    try:
        data = json.loads(record.value or b"null")
    except ValueError:
        data = None
    topic = record.topic.removeprefix(prefix)
    key = (record.key or b"").decode(errors="replace")
    return Told(topic, record.partition, record.offset, key, headers, data, record.timestamp)


@dataclass
class Reader:
    """Reads from ``offsets`` on, from the very beginning where it has none."""

    bootstrap: str
    prefix: str
    offsets: dict[Place, int] = field(default_factory=dict)
    _consumer: "AIOKafkaConsumer[bytes, bytes] | None" = None
    _partitions: list[TopicPartition] = field(default_factory=list)

    async def more(self) -> list[Told]:
        """All that was written since the last call; after an error, call again."""
        try:
            async with asyncio.timeout(READ_TIMEOUT_S):
                return await self._more(await self._connected())
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(5):
                    await consumer.stop()

    async def _connected(self) -> "AIOKafkaConsumer[bytes, bytes]":
        if self._consumer is None:
            self._consumer = AIOKafkaConsumer(
                bootstrap_servers=self.bootstrap,
                enable_auto_commit=False,
                fetch_max_wait_ms=FETCH_WAIT_MAX_MS,
            )
            await self._consumer.start()
            self._partitions = await self._all_partitions()
            self._consumer.assign(self._partitions)
            for partition in self._partitions:
                self._consumer.seek(partition, self._next(partition))
        return self._consumer

    async def _all_partitions(self) -> list[TopicPartition]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            names = [one for one in await admin.list_topics() if one.startswith(self.prefix)]
            return [
                TopicPartition(found["topic"], part["partition"])
                for found in await admin.describe_topics(sorted(names))
                for part in found["partitions"]
            ]
        finally:
            await admin.close()

    async def _more(self, consumer: "AIOKafkaConsumer[bytes, bytes]") -> list[Told]:
        ends = await consumer.end_offsets(self._partitions)
        left = {one for one in self._partitions if self._next(one) < ends[one]}
        found: list[Told] = []
        reached = {one: self._next(one) for one in left}
        while left:
            batch = await consumer.getmany(*left, timeout_ms=200)
            for partition, records in batch.items():
                found += [decode(one, self.prefix) for one in records]
                reached[partition] = records[-1].offset + 1
                if reached[partition] >= ends[partition]:
                    left.discard(partition)
        self.offsets |= {(one.topic, one.partition): offset for one, offset in reached.items()}
        return found

    def _next(self, partition: TopicPartition) -> int:
        return self.offsets.get((partition.topic, partition.partition), 0)


async def read(
    bootstrap: str, prefix: str, since: Mapping[Place, int] | None = None
) -> tuple[list[Told], dict[Place, int]]:
    """Everything from ``since`` to the present end, and where that is."""
    reader = Reader(bootstrap, prefix, dict(since or {}))
    try:
        return await reader.more(), reader.offsets
    finally:
        await reader.close()


@dataclass
class Fate:
    """What the orders' topic says of one order, in its order; repetitions are left out."""

    reference: str = ""
    outcomes: list[str] = field(default_factory=list)
    families: list[str] = field(default_factory=list)

    @property
    def lives(self) -> bool:
        """It was confirmed, and not cancelled afterwards."""
        return self.outcomes[-1:] == ["confirmed"]


def first_occurrences(told: Iterable[Told]) -> list[Told]:
    """Each event once: delivery at least once may repeat a record."""
    first: dict[tuple[str, str, str], Told] = {}
    for one in told:
        first.setdefault((one.topic, *one.id), one)
    return list(first.values())


def fates(told: Iterable[Told]) -> dict[str, Fate]:
    """By order id; what was told under a storefront's reference alone is no order's fate."""
    found: dict[str, Fate] = defaultdict(Fate)
    for one in first_occurrences(told):
        if one.topic != ORDERS or not one.type.startswith("orders.order-"):
            continue
        family = one.type.removeprefix("orders.order-").rpartition(".")[0]
        fate = found[one.key]
        fate.families.append(family)
        if family == "placed":
            fate.reference = one.data["client_reference"]
        if family in OUTCOMES:
            fate.outcomes.append(family)
    return dict(found)


def disorder(told: Sequence[Told]) -> list[tuple[str, str]]:
    """Order id and words where a topic does not tell 1, 2, 3 … of a key, or in two partitions."""
    last: dict[tuple[str, str], int] = defaultdict(int)
    home: dict[tuple[str, str], int] = {}
    errors = [
        (one.key, f"{one.topic} tells of it in two partitions")
        for one in told
        if home.setdefault((one.topic, one.key), one.partition) != one.partition
    ]
    for one in first_occurrences(told):
        expected = last[one.topic, one.key] + 1
        if one.sequence != expected:
            errors.append((one.key, f"{one.topic} has {one.sequence} in place of {expected}"))
        last[one.topic, one.key] = one.sequence
    return errors
