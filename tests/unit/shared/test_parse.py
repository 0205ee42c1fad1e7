"""Reading a record never raises: it is an event, poison with a reason, or not for this group."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shared.contracts import topics
from shared.contracts.orders import OrderConfirmed, OrderExpired
from shared.contracts.storefront import OrderCancellationSubmitted
from shared.messaging.batch import Batch
from shared.messaging.envelope import Headers, Record
from shared.messaging.group import ConsumerGroup
from shared.messaging.header_names import NOT_UTF8, name_of
from shared.messaging.parse import (
    Known,
    Parsed,
    Poison,
    Skipped,
    _text_headers,
    _text_headers_one_by_one,
    parse,
)

from tests.contract.stored import sample


async def nothing(batch: Batch[OrderConfirmed], work: object) -> None:
    """OrderConfirmed -> nothing."""


GROUP = ConsumerGroup(
    "payments", (topics.ORDERS,), {OrderConfirmed: nothing, OrderCancellationSubmitted: nothing}
)
DATA = json.dumps(sample(OrderConfirmed.type)).encode()
KEY = sample(OrderConfirmed.type)["order_id"].encode()
GOOD: dict[str, bytes | None] = {
    "ce_specversion": b"1.0",
    "ce_id": b"evt_1",
    "ce_type": OrderConfirmed.type.encode(),
    "ce_source": b"/orderproof/orders.events.v1",
}


def read(
    headers: Headers | None = None, key: bytes | None = KEY, value: bytes | None = DATA
) -> Parsed:
    given = list(GOOD.items()) if headers is None else headers
    record = Record(topics.ORDERS, 3, 42, key, value, given)
    return parse(record, GROUP.types, GROUP.families)


def changed(**headers: bytes | None) -> list[tuple[str, bytes | None]]:
    return list({**GOOD, **headers}.items())


def reason(parsed: Parsed) -> str:
    assert isinstance(parsed, Poison), parsed
    return parsed.reason


def test_a_good_record_is_its_event() -> None:
    known = read()

    assert isinstance(known, Known)
    assert known.event == OrderConfirmed.from_json(DATA)
    assert (known.identity.source, known.identity.id) == ("/orderproof/orders.events.v1", "evt_1")


def test_the_trace_context_of_a_record_is_kept() -> None:
    context = f"00-{7:032x}-{8:016x}-01"

    known = read(changed(traceparent=context.encode()))

    assert isinstance(known, Known)
    assert known.traceparent == context


@pytest.mark.parametrize("text", [b"", b"00-1-2-01", b"\x00", b"x" * 100_000, b"00" + b"-0" * 3])
def test_a_trace_context_of_another_shape_is_none(text: bytes) -> None:
    """It would travel on into rows and headers, and a valid event would fail for it."""
    known = read(changed(traceparent=text))

    assert isinstance(known, Known)
    assert known.traceparent == ""


@pytest.mark.parametrize("name", ["ce_id", "ce_type", "x-anything"])
@pytest.mark.parametrize("value", [None, b"\xff\xfe", b"caf\xe9"])
def test_a_header_that_is_null_or_not_utf8_is_poison(name: str, value: bytes | None) -> None:
    """One such header loses a whole batch in the usual stack."""
    assert reason(read(changed(**{name: value}))) == "bad-headers"


@pytest.mark.parametrize("name", [b"\xff", b"caf\xe9", b"ce_id\xff"])
def test_a_header_whose_name_is_not_utf8_is_poison(name: bytes) -> None:
    """Also one that is not ours: what a sender means by it, nobody can tell."""
    parsed = read(headers=[*GOOD.items(), (name_of(name), b"1")])

    assert reason(parsed) == "bad-headers"
    assert isinstance(parsed, Poison)
    assert name_of(name) in parsed.error
    assert parsed.identity.id == "evt_1"


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("missing", ["absent", "empty"])
def test_without_a_required_attribute_it_is_poison(name: str, missing: str) -> None:
    headers = [one for one in changed(**{name: b""}) if missing == "empty" or one[0] != name]

    parsed = read(headers)

    assert reason(parsed) == "bad-envelope"
    assert isinstance(parsed, Poison)
    assert name in parsed.error


@pytest.mark.parametrize("name", ["ce_id", "ce_type", "ce_source"])
@pytest.mark.parametrize("text", [b"a\x00b", b"x" * 513, "ü".encode() * 257])
def test_an_attribute_that_the_inbox_cannot_store_is_poison(name: str, text: bytes) -> None:
    parsed = read(changed(**{name: text}))

    assert isinstance(parsed, Poison)
    assert parsed.reason == "bad-envelope"
    assert name in parsed.error
    assert parsed.identity.id == "3/42"
    assert "\x00" not in parsed.type


def test_an_attribute_of_the_greatest_length_is_one() -> None:
    assert isinstance(read(changed(ce_id=b"x" * 512)), Known)


def test_what_has_no_id_is_known_by_its_place() -> None:
    """So that it is set aside once, however often it is delivered."""
    parsed = read([one for one in GOOD.items() if one[0] != "ce_id"])

    assert isinstance(parsed, Poison)
    assert (parsed.identity.source, parsed.identity.id) == ("kafka:orders.events.v1", "3/42")


def test_an_unknown_version_of_a_handled_family_is_kept_for_after_the_upgrade() -> None:
    assert reason(read(changed(ce_type=b"orders.order-confirmed.v2"))) == "unknown-version"
    assert reason(read(changed(ce_type=b"orders.order-confirmed.v11"))) == "unknown-version"


@pytest.mark.parametrize("family", [OrderExpired.type, "orders.order-praised.v1", "other"])
def test_a_family_without_a_handler_is_skipped(family: str) -> None:
    """The owner may tell new facts without asking its readers."""
    assert read(changed(ce_type=family.encode())) == Skipped(family)


def test_a_skipped_family_may_have_any_data() -> None:
    assert isinstance(read(changed(ce_type=b"orders.order-praised.v1"), None, None), Skipped)


@pytest.mark.parametrize("data", [b"", b"{", b"null", b"[]", b"{}", b"\xff", b"[" * 100_000])
def test_data_of_another_shape_is_poison(data: bytes) -> None:
    assert reason(read(value=data)) == "bad-data"


def test_the_reason_for_bad_data_does_not_quote_it() -> None:
    """It may hold a name, an address or a token."""
    data = {**sample(OrderConfirmed.type), "total_minor": "a17850@example.com"}

    parsed = read(value=json.dumps(data).encode())

    assert isinstance(parsed, Poison)
    assert parsed.reason == "bad-data"
    assert "total_minor" in parsed.error
    assert "a17850" not in parsed.error


def test_a_tombstone_is_poison() -> None:
    assert reason(read(value=None)) == "no-data"


@pytest.mark.parametrize("key", [None, b"", b"ord_other", KEY + b" "])
def test_a_key_that_is_not_the_orders_is_poison(key: bytes | None) -> None:
    """Its partition would give it another order than the order's other events."""
    assert reason(read(key=key)) == "bad-key"


def test_storefront_records_are_keyed_by_their_own_reference() -> None:
    data = json.dumps(sample(OrderCancellationSubmitted.type)).encode()
    headers = changed(ce_type=OrderCancellationSubmitted.type.encode())

    assert isinstance(read(headers, b"web-536365", data), Known)


def test_the_same_record_has_the_same_hash_and_other_data_another() -> None:
    first, again, other = read(), read(), read(value=DATA.replace(b"3564", b"3565"))

    assert isinstance(first, Known)
    assert isinstance(again, Known)
    assert isinstance(other, Known)
    assert first.identity == again.identity
    assert first.identity.hash != other.identity.hash


@given(
    st.lists(
        st.tuples(st.sampled_from([*GOOD, "traceparent"]), st.none() | st.binary(max_size=30)),
        max_size=6,
    ),
    st.none() | st.binary(max_size=20),
    st.none() | st.binary(max_size=60),
)
def test_whatever_comes_is_read_without_an_error(
    headers: list[tuple[str, bytes | None]], key: bytes | None, value: bytes | None
) -> None:
    assert isinstance(read(headers, key, value), Known | Poison | Skipped)
    assert isinstance(read([*GOOD.items(), *headers], key, value), Known | Poison | Skipped)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "c", NOT_UTF8 + "\\xff", "a" + NOT_UTF8]),
            st.none() | st.sampled_from([b"", b"x", "é".encode(), b"\xff", b"\xc3"]),
        ),
        max_size=4,
    )
)
def test_headers_are_the_same_read_together_or_one_by_one(
    headers: list[tuple[str, bytes | None]],
) -> None:
    record = Record(topics.ORDERS, 0, 0, None, None, headers)

    assert _text_headers(record) == _text_headers_one_by_one(record)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"00-{'a' * 32}-{'b' * 16}-01", f"00-{'a' * 32}-{'b' * 16}-01"),
        (f"42-{'a' * 32}-{'b' * 16}-00", f"00-{'a' * 32}-{'b' * 16}-00"),
        (f"00-{'0' * 32}-{'b' * 16}-01", ""),
        ("00-", ""),
    ],
)
def test_a_trace_context_is_kept_in_the_version_we_write(text: str, kept: str) -> None:
    event = read([*GOOD.items(), ("traceparent", text.encode())])

    assert isinstance(event, Known)
    assert event.traceparent == kept
