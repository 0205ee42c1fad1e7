"""Headers are stored byte for byte, and a record knows what waits with it."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from shared.contracts.orders import OrderExpired
from shared.messaging.envelope import (
    Record,
    content_hash,
    encode_headers,
    pack,
    source_of,
    unpack,
)

HEADERS = st.lists(st.tuples(st.text(max_size=20), st.none() | st.binary(max_size=40)), max_size=8)
EVENT = OrderExpired(order_id="ord_1", client_reference="web-1")


def record(key: bytes | None, offset: int = 7) -> Record:
    return Record("orders.events.v1", 3, offset, key, b"{}", ())


@given(HEADERS)
def test_headers_are_stored_byte_for_byte(headers: list[tuple[str, bytes | None]]) -> None:
    """A dead letter shows the record as it was, null and broken headers too."""
    assert unpack(pack(headers)) == headers


def test_a_header_that_comes_twice_is_kept_twice() -> None:
    headers = [("x", b"1"), ("x", None), ("x", b"\xff\x00")]

    assert unpack(pack(headers)) == headers


def test_a_sequence_has_ten_digits_so_that_text_sorts_as_numbers_do() -> None:
    headers = [
        dict(encode_headers(EVENT, "evt_1", datetime(2026, 1, 1, tzinfo=UTC), n, ""))
        for n in (9, 10, 4_294_967_295)
    ]

    sequences = [one["ce_sequence"] for one in headers]
    assert sequences == [b"0000000009", b"0000000010", b"4294967295"]


def test_each_topic_is_a_source_of_its_own() -> None:
    assert source_of("orders.events.v1") != source_of("payments.events.v1")


def test_records_of_one_key_wait_together_and_those_without_a_key_for_nobody() -> None:
    assert record(b"ord_1", 7).parking_key == record(b"ord_1", 8).parking_key == b"ord_1"
    assert record(None, 7).parking_key != record(None, 8).parking_key
    assert record(b"").parking_key != record(None).parking_key


def test_a_key_that_no_index_takes_still_waits_with_its_equals_only() -> None:
    long = record(b"x" * 5_000).parking_key

    assert long == record(b"x" * 5_000, 8).parking_key != record(b"x" * 5_001).parking_key
    assert len(long) < len(record(b"x" * 512).parking_key) == 512


@given(st.text(max_size=30), st.binary(max_size=50))
def test_the_hash_tells_type_and_data_apart(event_type: str, data: bytes) -> None:
    known = content_hash(event_type, data)

    assert known == content_hash(event_type, data)
    assert len(known) == 16
    assert known != content_hash(event_type + ".v2", data)
    assert known != content_hash(event_type, data + b" ")
