"""A record whose header has a name that is not UTF-8 is read, and so is what stands behind it."""

from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.memory_records import MemoryRecords
from shared.messaging.broker import new_broker
from shared.messaging.header_names import NOT_UTF8, AnyRecords, name_of

from tests.support.raw_headers import a_batch

NONE, GZIP, SNAPPY, LZ4, ZSTD = range(5)
PLAIN = [(b"ce_id", b"1"), (b"ce_type", None)]
FOREIGN = [(b"na\xffme", b"1"), (b"ce_id", b"2")]


def read(*batches: bytes) -> list[Any]:
    records = AnyRecords(b"".join(batches))
    found: list[Any] = []
    while records.has_next():
        found += list(records.next_batch() or ())
    assert records.next_batch() is None
    return found


@pytest.mark.parametrize("compression", [NONE, GZIP, SNAPPY, LZ4, ZSTD])
def test_a_name_that_is_not_utf8_shows_its_bytes_and_hides_no_neighbour(compression: int) -> None:
    batch = a_batch([PLAIN, FOREIGN, PLAIN], first_offset=7, compression=compression)
    with pytest.raises(UnicodeDecodeError):
        list(DefaultRecordBatch(batch))

    found = read(a_batch([PLAIN], 6), batch, a_batch([PLAIN], 10))

    assert [one.offset for one in found] == [6, 7, 8, 9, 10]
    assert {(one.key, one.value) for one in found} == {(b"key", b"value")}
    assert found[2].headers == [(NOT_UTF8 + "na\\xffme", b"1"), ("ce_id", b"2")]
    assert [one.headers for one in (found[1], found[3])] == [
        [("ce_id", b"1"), ("ce_type", None)]
    ] * 2


@pytest.mark.parametrize("headers", [[PLAIN], [PLAIN, FOREIGN], [[], FOREIGN, []]])
def test_a_record_is_read_as_aiokafka_reads_it(headers: Sequence[Any]) -> None:
    """But for the name, which aiokafka does not read at all."""
    readable = [[(raw.replace(b"\xff", b"y"), value) for raw, value in one] for one in headers]
    strict = list(MemoryRecords(a_batch(readable)).next_batch())

    found = read(a_batch(headers))

    fields = ("offset", "timestamp", "timestamp_type", "key", "value", "checksum")
    told = [[getattr(one, field) for field in fields] for one in found]
    assert told == [[getattr(one, field) for field in fields] for one in strict]


def test_a_name_in_another_alphabet_stays_what_it_is() -> None:
    assert name_of("имя".encode()) == "имя"


def test_consumers_read_so_as_soon_as_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetcher, "MemoryRecords", MemoryRecords)

    new_broker(["127.0.0.1:1"], None, "test")

    assert fetcher.MemoryRecords is AnyRecords
