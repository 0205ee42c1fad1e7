"""An independent reading of Kafka: every record of every topic, without a group."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

READ_TIMEOUT_S = 30


@dataclass(frozen=True)
class KafkaLog:
    bootstrap: str
    prefix: str

    async def read(self, *topics: str) -> "list[ConsumerRecord[bytes, bytes]]":
        """All records of ``topics`` from their beginning to their present end."""
        consumer: AIOKafkaConsumer[bytes, bytes] = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap, enable_auto_commit=False
        )
        await consumer.start()
        try:
            async with asyncio.timeout(READ_TIMEOUT_S):
                return await _read(consumer, [self.prefix + one for one in topics])
        finally:
            await consumer.stop()

    async def events(self, topic: str, order_id: str) -> list[str]:
        """The types told about an order, in order, each once."""
        seen: dict[str, str] = {}
        for record in await self.read(topic):
            headers = headers_of(record)
            if record.key == order_id.encode():
                seen.setdefault(headers["ce_id"], headers["ce_type"])
        return list(seen.values())


def headers_of(record: "ConsumerRecord[bytes, bytes]") -> dict[str, str]:
    return {name: (raw or b"").decode(errors="replace") for name, raw in record.headers}


def sequence_errors(records: "Sequence[ConsumerRecord[bytes, bytes]]") -> list[str]:
    """Where first occurrences are not 1, 2, 3 … for a topic and key, or leave their partition."""
    last: dict[tuple[str, bytes], int] = defaultdict(int)
    home: dict[tuple[str, bytes], int] = {}
    seen: set[tuple[str, str]] = set()
    errors: list[str] = []
    for record in records:
        headers = headers_of(record)
        place = (record.topic, record.key or b"")
        if home.setdefault(place, record.partition) != record.partition:
            errors.append(f"{place} in partitions {home[place]} and {record.partition}")
        identity = (headers["ce_source"], headers["ce_id"])
        if identity in seen:
            continue
        seen.add(identity)
        sequence = int(headers["ce_sequence"])
        if sequence != last[place] + 1:
            errors.append(f"{place}: {sequence} after {last[place]}")
        last[place] = sequence
    return errors


async def _read(
    consumer: "AIOKafkaConsumer[bytes, bytes]", topics: Sequence[str]
) -> "list[ConsumerRecord[bytes, bytes]]":
    partitions = [
        TopicPartition(topic, number)
        for topic in topics
        for number in await _partitions(consumer, topic)
    ]
    consumer.assign(partitions)
    ends = await consumer.end_offsets(partitions)
    begins = await consumer.beginning_offsets(partitions)
    for partition in partitions:
        consumer.seek(partition, begins[partition])
    found: list[ConsumerRecord[bytes, bytes]] = []
    open_ = {one for one in partitions if ends[one] > begins[one]}
    while open_:
        for partition, records in (await consumer.getmany(timeout_ms=200)).items():
            found += [one for one in records if one.offset < ends[partition]]
            if records and records[-1].offset >= ends[partition] - 1:
                open_.discard(partition)
    return found


async def _partitions(consumer: "AIOKafkaConsumer[bytes, bytes]", topic: str) -> set[int]:
    await consumer._client.force_metadata_update()
    known = consumer.partitions_for_topic(topic)
    if known is None:
        consumer._client.add_topic(topic)
        await consumer._client.force_metadata_update()
        known = consumer.partitions_for_topic(topic)
    return set(known or ())
