"""What waits in the system: each consumer group's lag, outboxes and open work, by name."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

# Half a second of orders is noise of batches; over a window of 60 s it is 1.3 % of the rate.
NOISE_S = 0.5
GROUPS = {
    "orders-intake": ("storefront.orders.v1",),
    "orders": ("payments.events.v1", "inventory.events.v1", "fulfilment.events.v1"),
    "payments": ("orders.events.v1",),
    "inventory": ("orders.events.v1",),
    "notifications": ("orders.events.v1",),
}
_WAITING = """
SELECT (SELECT count(*) FROM outbox) AS outbox, count(*) FILTER (WHERE NOT done) AS work
FROM work_rows WHERE NOT done
"""

Counts = dict[str, int]


@dataclass
class Backlogs:
    """Looks from outside; one connection to each database and to Kafka, kept."""

    prefix: str
    databases: Mapping[str, "asyncpg.Connection"]
    admin: AIOKafkaAdminClient
    consumer: "AIOKafkaConsumer[bytes, bytes]"
    partitions: Sequence[TopicPartition] = field(default_factory=list)

    @classmethod
    async def of(cls, kafka: str, prefix: str, databases: Mapping[str, str]) -> "Backlogs":
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
        await admin.start()
        consumer: AIOKafkaConsumer[bytes, bytes] = AIOKafkaConsumer(
            bootstrap_servers=kafka, enable_auto_commit=False
        )
        await consumer.start()
        opened = {name: await asyncpg.connect(dsn) for name, dsn in databases.items()}
        topics = {prefix + topic for read in GROUPS.values() for topic in read}
        described = await admin.describe_topics(sorted(topics))
        places = [
            TopicPartition(topic["topic"], one["partition"])
            for topic in described
            for one in topic["partitions"]
        ]
        return cls(prefix, opened, admin, consumer, places)

    async def close(self) -> None:
        await asyncio.gather(
            *(one.close() for one in self.databases.values()),
            self.admin.close(),
            self.consumer.stop(),
        )

    async def look(self) -> Counts:
        """Records, rows and rows that wait now, by ``lag``, ``outbox`` and ``work`` of whom."""
        ends, *found = await asyncio.gather(
            self.consumer.end_offsets(list(self.partitions)),
            *(self._committed(group) for group in GROUPS),
        )
        counts: Counts = {}
        for group, committed in zip(GROUPS, found, strict=True):
            counts[f"lag {group}"] = self._lag(group, ends, committed)
        for name, connection in self.databases.items():
            row = await connection.fetchrow(_WAITING)
            assert row is not None
            counts[f"outbox {name}"], counts[f"work {name}"] = row["outbox"], row["work"]
        return counts

    async def _committed(self, group: str) -> dict[TopicPartition, int]:
        found = await self.admin.list_consumer_group_offsets(self.prefix + group)
        return {place: one.offset for place, one in found.items()}

    def _lag(
        self,
        group: str,
        ends: Mapping[TopicPartition, int],
        committed: Mapping[TopicPartition, int],
    ) -> int:
        topics = {self.prefix + topic for topic in GROUPS[group]}
        return sum(
            max(0, end - max(0, committed.get(place, 0)))
            for place, end in ends.items()
            if place.topic in topics
        )


def growing(samples: Sequence[Counts], rate: float) -> Counts:
    """By how much each backlog was longer in the last third than in the first, where that counts.

    Its shortest in a third is compared: groups commit every two seconds, and what they have applied
    and not committed would be taken for a backlog. ``samples`` are evenly spread over a window at
    ``rate`` orders a second.
    """
    third = len(samples) // 3
    if not third:
        return {}
    first, last = samples[:third], samples[-third:]
    grown = {name: _shortest(last, name) - _shortest(first, name) for name in samples[0]}
    return {name: by for name, by in grown.items() if by > NOISE_S * rate}


def _shortest(samples: Sequence[Counts], name: str) -> int:
    return min(one[name] for one in samples)
