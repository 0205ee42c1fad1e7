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
ORDERS, *_, FULFILMENT = FACTS
OUTCOMES = ("confirmed", "rejected", "expired", "cancelled")

Place = tuple[str, int]


@dataclass(frozen=True)
class Told:
    """One record; ``topic`` is without the stack's prefix, ``at`` the broker's ms."""

    topic: str
    partition: int
    offset: int = field(compare=False)
    key: str
    headers: Mapping[str, str]
    data: Any
    at: int = field(default=0, compare=False)

    @property
    def id(self) -> tuple[str, str]:
        """What makes two records the same event."""
        return self.headers.get("ce_source", ""), self.headers.get("ce_id", "")

    @property
    def type(self) -> str:
        return self.headers.get("ce_type", "")

    @property
    def family(self) -> str:
        """The type without its version."""
        return self.type.rpartition(".v")[0]

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
    topic, key = record.topic.removeprefix(prefix), (record.key or b"").decode(errors="replace")
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
                bootstrap_servers=self.bootstrap, fetch_max_wait_ms=FETCH_WAIT_MAX_MS
            )
            await self._consumer.start()
            self._partitions = await self._all_partitions()
            self._consumer.assign(self._partitions)
            for one in self._partitions:
                self._consumer.seek(one, self.offsets.get(one, 0))
        return self._consumer

    async def _all_partitions(self) -> list[TopicPartition]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            names = [one for one in await admin.list_topics() if one.startswith(self.prefix)]
            topics = await admin.describe_topics(sorted(names))
        finally:
            await admin.close()
        return [TopicPartition(t["topic"], p["partition"]) for t in topics for p in t["partitions"]]

    async def _more(self, consumer: "AIOKafkaConsumer[bytes, bytes]") -> list[Told]:
        ends, found = await consumer.end_offsets(self._partitions), list[Told]()
        reached: dict[Place, int] = {one: self.offsets.get(one, 0) for one in self._partitions}
        while left := [one for one in self._partitions if reached[one] < ends[one]]:
            for partition, records in (await consumer.getmany(*left, timeout_ms=200)).items():
                found += [decode(one, self.prefix) for one in records]
                reached[partition] = records[-1].offset + 1
        self.offsets |= reached
        return found


@dataclass
class Fate:
    """What Kafka tells of one order, each topic in its order; repetitions are left out."""

    facts: list[Told] = field(default_factory=list)

    def on(self, topic: str) -> list[Told]:
        return [one for one in self.facts if one.topic == topic]

    def told(self, family: str) -> list[Any]:
        """The data of its events of one type."""
        return [one.data for one in self.facts if one.family == family]

    @property
    def reference(self) -> str:
        return next((one["client_reference"] for one in self.told("orders.order-placed")), "")

    @property
    def life(self) -> list[str]:
        """What the orders' topic tells, by the ends of the types."""
        return [one.family.removeprefix("orders.order-") for one in self.on(ORDERS)]

    @property
    def outcomes(self) -> list[str]:
        return [one for one in self.life if one in OUTCOMES]

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
        found[one.key].facts.append(one)
    return {order_id: fate for order_id, fate in found.items() if fate.reference}


def altered(told: Sequence[Told]) -> list[tuple[str, str]]:
    """Order id and words of what came again under its id, and was something else."""
    first = {(one.topic, *one.id): one for one in first_occurrences(told)}
    other = [one for one in told if one != first[one.topic, *one.id]]
    return [(one.key, f"{one.id[1]} came again with other bytes") for one in other]


def disorder(told: Iterable[Told]) -> list[tuple[str, str]]:
    """Order id and words where a topic does not tell 1, 2, 3 … of a key, or in two partitions."""
    found: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for one in first_occurrences(told):
        found[one.topic, one.key].append((one.partition, one.sequence))
    return [
        (key, f"{topic} has the partitions and sequences {places}")
        for (topic, key), places in found.items()
        if places != [(places[0][0], number) for number in range(1, len(places) + 1)]
    ]
