"""An own reading of Kafka: every record's key and sequence, without a group, commit or service."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import UnknownTopicOrPartitionError
from shared.messaging.header_names import allow_any_header_name

RECORDS_MAX = 500_000
BATCH = 5_000
POLL_MS = 500
READ_TIMEOUT_S = 90.0


class Sequenced(NamedTuple):
    """Which event of its key a record is, from 1."""

    key: bytes
    sequence: int


@dataclass
class KafkaReading:
    """``consumer`` stands where ``starts`` say; ``begins`` are the first records there are."""

    consumer: "AIOKafkaConsumer[bytes, bytes]"
    prefix: str
    starts: Mapping[TopicPartition, int]

    def partial(self, topic: str) -> bool:
        """Whether records of the topic are gone by its retention, or left out."""
        return any(at > 0 for one, at in self.starts.items() if one.topic == self.prefix + topic)

    @property
    def beyond(self) -> str | None:
        left_out = sum(self.starts.values())
        return f"{left_out} older records of Kafka" if left_out else None

    async def read_on(self) -> AsyncIterator[tuple[str, Sequenced]]:
        """Records up to the present end, each with its topic. Raises ``TimeoutError``."""
        ends = await self.consumer.end_offsets(list(self.starts))
        open_ = await self._behind(ends)
        async with asyncio.timeout(READ_TIMEOUT_S):
            while open_:
                found = await self.consumer.getmany(timeout_ms=POLL_MS, max_records=BATCH)
                for partition, records in found.items():
                    for record in records:
                        yield partition.topic.removeprefix(self.prefix), sequenced(record)
                open_ = await self._behind(ends)

    async def _behind(self, ends: Mapping[TopicPartition, int]) -> list[TopicPartition]:
        return [one for one, end in ends.items() if await self.consumer.position(one) < end]


def sequenced(record: "ConsumerRecord[bytes, bytes]") -> Sequenced:
    """A record that has no sequence, or none that is a number, has 0."""
    told = next((raw for name, raw in record.headers if name == "ce_sequence"), b"")
    return Sequenced(record.key or b"", int(told) if told.isdigit() else 0)


@asynccontextmanager
async def kafka_reading(
    bootstrap: str, prefix: str, topics: Sequence[str]
) -> AsyncIterator[KafkaReading]:
    """A reader at the first record of ``topics``, or so far from the end as it may read."""
    allow_any_header_name()
    consumer: AIOKafkaConsumer[bytes, bytes] = AIOKafkaConsumer(
        *(prefix + one for one in topics),
        bootstrap_servers=bootstrap,
        client_id="audit",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    try:
        await consumer.start()
        yield KafkaReading(consumer, prefix, await _starts(consumer, prefix, topics))
    finally:
        await consumer.stop()


async def _starts(
    consumer: "AIOKafkaConsumer[bytes, bytes]", prefix: str, topics: Sequence[str]
) -> dict[TopicPartition, int]:
    partitions = list(consumer.assignment())
    if missing := {prefix + one for one in topics} - {one.topic for one in partitions}:
        raise UnknownTopicOrPartitionError(", ".join(sorted(missing)))
    begins = await consumer.beginning_offsets(partitions)
    ends = await consumer.end_offsets(partitions)
    each_max = RECORDS_MAX // len(partitions)
    starts = {one: max(begins[one], ends[one] - each_max) for one in partitions}
    for partition, offset in starts.items():
        consumer.seek(partition, offset)
    return starts
