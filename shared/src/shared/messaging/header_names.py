"""Reads records that aiokafka refuses because the name of a header is not UTF-8."""

import struct
from collections.abc import Iterator
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy, _DefaultRecordPy
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import decode_varint

NOT_UTF8 = "\ufffd"
_LENGTH_AT, _BEHIND_LENGTH = 8, 12  # BaseOffset is int64, Length int32, in every format.


def allow_any_header_name() -> None:
    """For every consumer of this process, from its next fetch on.

    Kafka takes any bytes as a header's name. aiokafka gives up the whole batch of such a record,
    again and again, and with it the records behind: nobody gets past it.
    """
    fetcher.MemoryRecords = AnyRecords


def name_of(raw: bytes) -> str:
    """A header's name; one that is not UTF-8 begins with ``NOT_UTF8`` and shows its bytes."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return NOT_UTF8 + raw.decode(errors="backslashreplace")


class AnyRecords:
    """aiokafka's ``MemoryRecords``, that is the batches of a fetched partition."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = memoryview(data), 0
        self._batches = MemoryRecords(data)

    def size_in_bytes(self) -> int:
        return int(self._batches.size_in_bytes())

    def has_next(self) -> bool:
        return bool(self._batches.has_next())

    def next_batch(self) -> "AnyBatch | None":
        batch = self._batches.next_batch()
        if batch is None:
            return None
        (length,) = struct.unpack_from(">i", self._data, self._at + _LENGTH_AT)
        start, self._at = self._at, self._at + _BEHIND_LENGTH + length
        return AnyBatch(batch, self._data[start : self._at])


class AnyBatch:
    """aiokafka's batch, read by its own quick reader unless that fails at a name."""

    def __init__(self, batch: Any, data: memoryview) -> None:
        self._batch, self._data = batch, data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        try:
            return iter(list(self._batch))
        except UnicodeDecodeError:
            return iter(list(_SlowBatch(self._data)))

    def __next__(self) -> Any:
        return next(self._batch)


class _SlowBatch(_DefaultRecordBatchPy):  # type: ignore[misc]
    """Its records by Kafka's format (message format v2), with names as ``name_of`` gives them."""

    _pos: int

    def _read_msg(self, *_: Any) -> Any:
        self._number()  # Its length in bytes.
        self._pos += 1  # Attributes, of which none is in use.
        sent_after_ms, offset_delta = self._number(), self._number()
        key, value = self._bytes(), self._bytes()
        headers = [(name_of(self._bytes() or b""), self._bytes()) for _ in range(self._number())]
        by_broker = self.timestamp_type == self.LOG_APPEND_TIME
        at = self.max_timestamp if by_broker else self.first_timestamp + sent_after_ms
        offset = self.base_offset + offset_delta
        return _DefaultRecordPy(offset, at, self.timestamp_type, key, value, headers)

    def _number(self) -> int:
        number, self._pos = decode_varint(self._buffer, self._pos)
        return int(number)

    def _bytes(self) -> bytes | None:
        size = self._number()
        if size < 0:
            return None
        start, self._pos = self._pos, self._pos + size
        return bytes(self._buffer[start : self._pos])
