"""Kafka records whose headers have any bytes as names, which no client of Python's sends."""

from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

RawHeaders = Sequence[tuple[bytes, bytes | None]]
BATCH_BYTES_MAX = 1024 * 1024
SENT_AT_MS = 1_767_225_600_000


class RawName(str):
    """A name that is sent as these bytes."""

    raw: bytes

    def __new__(cls, raw: bytes) -> "RawName":
        made = super().__new__(cls, raw.decode(errors="replace"))
        made.raw = raw
        return made

    def encode(self, *_: str) -> bytes:
        return self.raw


def a_batch(
    records: Sequence[RawHeaders],
    first_offset: int = 0,
    compression: int = 0,
    key: bytes = b"key",
    value: bytes = b"value",
) -> bytes:
    """A batch as a broker sends it; each record has the key and value."""
    builder = _builder(compression)
    for number, headers in enumerate(records):
        builder.append(number, SENT_AT_MS + number, key, value, _named(headers))
    made = bytes(builder.build())
    return first_offset.to_bytes(8, "big") + made[8:]


async def produce(bootstrap: str, topic: str, *records: tuple[bytes, bytes, RawHeaders]) -> None:
    """Send keys, values and headers as one batch to the topic's partition 0."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    try:
        batch = producer.create_batch()
        batch._builder = _builder(compression=0)
        for key, value, headers in records:
            batch.append(timestamp=SENT_AT_MS, key=key, value=value, headers=_named(headers))
        await (await producer.send_batch(batch, topic, partition=0))
    finally:
        await producer.stop()


def _builder(compression: int) -> Any:
    return _DefaultRecordBatchBuilderPy(2, compression, 0, -1, -1, 0, BATCH_BYTES_MAX)


def _named(headers: RawHeaders) -> list[tuple[str, bytes | None]]:
    return [(RawName(name), raw) for name, raw in headers]
