"""Events against an own reading of Kafka: of each order 1, 2, 3 … up to what its owner counted."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from shared.contracts import topics

from local_runtime.audit.by_order import reading
from local_runtime.audit.comparison import Reading
from local_runtime.audit.kafka_reading import KafkaReading, Sequenced

BATCH = 5_000


class Counter(NamedTuple):
    """Where a service counts what it has told on a topic."""

    service: str
    topic: str
    query: str


_COUNTED = "SELECT {key}, {column} FROM {table} WHERE {column} > 0"
COUNTERS = (
    Counter(
        "orders",
        topics.ORDERS,
        _COUNTED.format(key="order_id", column="orders_sequence", table="orders")
        + " UNION ALL "
        + _COUNTED.format(key="client_reference", column="last_sequence", table="refusals"),
    ),
    Counter(
        "payments",
        topics.PAYMENTS,
        _COUNTED.format(key="order_id", column="payments_sequence", table="payments"),
    ),
    Counter(
        "inventory",
        topics.INVENTORY,
        _COUNTED.format(key="order_id", column="inventory_sequence", table="order_holds"),
    ),
    Counter(
        "inventory",
        topics.FULFILMENT,
        _COUNTED.format(key="order_id", column="fulfilment_sequence", table="order_holds"),
    ),
)


@dataclass
class Told:
    """What a reader of one topic has seen: the last sequence of each key that came in order.

    ``partial`` says that the topic was not read from its first record; what began before is
    then taken from where it was first seen, and what was not seen at all may lie before.
    """

    partial: bool = False
    last: dict[bytes, int] = field(default_factory=dict)
    wrong: dict[bytes, str] = field(default_factory=dict)

    def hear(self, one: Sequenced) -> None:
        """A sequence that was seen comes again after a crash; one that is skipped is lost."""
        before = self.last.get(one.key)
        if before is None:
            if one.sequence != 1 and not self.partial:
                self.wrong.setdefault(one.key, f"begins with {one.sequence}")
            self.last[one.key] = one.sequence
        elif one.sequence > before:
            if one.sequence != before + 1:
                self.wrong.setdefault(one.key, f"{one.sequence} came after {before}")
            self.last[one.key] = one.sequence


def untold(counted: Iterable[tuple[bytes, int]], told: Told) -> dict[bytes, str]:
    """Whose last event is not in Kafka, or is there and was never counted."""
    wrong: dict[bytes, str] = {}
    for key, last in counted:
        seen = told.last.get(key)
        if seen is None and told.partial:
            continue
        if (seen or 0) < last:
            wrong[key] = f"{last} counted, {seen or 'none'} in Kafka"
        elif (seen or 0) > last:
            wrong[key] = f"{last} counted, and {seen} in Kafka"
    return wrong


@dataclass
class SequencesAndKafka:
    """``databases`` are those of the services; the reader goes on from where it was."""

    databases: Mapping[str, str]
    kafka: KafkaReading
    name: str = "events-are-in-kafka"
    sentence: str = "Of each order Kafka has every event that was counted, in order, and no other."
    _told: dict[str, Told] = field(default_factory=dict)

    async def look(self) -> Reading:
        found = Reading(beyond=self.kafka.beyond)
        self._told = {one.topic: Told(self.kafka.partial(one.topic)) for one in self._counters}
        # Kafka first: what is counted afterwards is at least what was read.
        await self._read_on()
        for counter in self._counters:
            told, known = self._told[counter.topic], set[bytes]()
            async for key, last in self._counted(counter):
                found.compared += 1
                found.note(_named(counter.topic, untold([(key, last)], told)))
                if key in told.last:
                    known.add(key)
            found.note(_named(counter.topic, strange(told.last.keys() - known)))
            found.note(_named(counter.topic, told.wrong))
        return found

    async def look_again(self, ids: Collection[str]) -> Mapping[str, str]:
        await self._read_on()
        found = Reading()
        for counter in self._counters:
            told, keys = self._told[counter.topic], _keys_of(ids, counter.topic)
            counted = [one async for one in self._counted(counter, keys)]
            found.note(_named(counter.topic, untold(counted, told)))
            seen = {one.encode() for one in keys} & told.last.keys()
            found.note(_named(counter.topic, strange(seen - {key for key, _ in counted})))
            found.note(_named(counter.topic, told.wrong))
        return found.wrong

    @property
    def _counters(self) -> list[Counter]:
        return [one for one in COUNTERS if one.service in self.databases]

    async def _read_on(self) -> None:
        async for topic, one in self.kafka.read_on():
            self._told[topic].hear(one)

    async def _counted(
        self, counter: Counter, keys: Sequence[str] | None = None
    ) -> AsyncIterator[tuple[bytes, int]]:
        """What the service counted, of ``keys`` or of all, a batch in memory at a time."""
        only = "" if keys is None else " WHERE key = ANY($1)"
        values = [] if keys is None else [keys]
        query = f"SELECT key, last FROM ({counter.query}) c(key, last){only}"
        async with reading(self.databases[counter.service]) as db, db.transaction():
            async for key, last in db.cursor(query, *values, prefetch=BATCH):
                yield key.encode(), last


def strange(keys: Iterable[bytes]) -> dict[bytes, str]:
    """Events of these are in Kafka, and no row of their owner accounts for them."""
    return dict.fromkeys(keys, "in Kafka, and counted by nobody")


def _named(topic: str, wrong: Mapping[bytes, str]) -> dict[str, str]:
    return {f"{key.decode(errors='replace')} on {topic}": why for key, why in wrong.items()}


def _keys_of(ids: Iterable[str], topic: str) -> list[str]:
    return [one.removesuffix(f" on {topic}") for one in ids if one.endswith(f" on {topic}")]
