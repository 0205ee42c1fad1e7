"""What the console keeps of a record: enough to find and tell it, and nothing private."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from console.domain.facts import DATA_BYTES_MAX, Fact, Place, email_term, fact_of, term_of
from shared.contracts import topics
from shared.contracts.storefront import SUBMISSION_EXAMPLE

SECRET = b"a key of the test"
HEADERS = {
    "ce_type": "orders.order-placed.v1",
    "ce_id": "evt_1",
    "ce_sequence": "0000000001",
    "ce_time": "2026-11-30T10:00:00.123Z",
    "traceparent": f"00-{'a' * 32}-{'b' * 16}-01",
}
PLACED: dict[str, Any] = {
    "order_id": "ord_1",
    "client_reference": "Web-1001",
    "customer_id": "17850",
    "purchase_order_number": "PO-7",
    "lines": [{"sku": "85123A", "quantity": 6}],
    "payment": {"method": "card", "token": "tok_of_a_buyer"},
    "personal": {"name": "Customer 17850", "email": "c17850@example.com"},
}


def fact(
    data: Any = None,
    topic: str = topics.ORDERS,
    key: bytes = b"ord_1",
    headers: Mapping[str, str] | None = None,
) -> Fact:
    value = data if isinstance(data, bytes) else json.dumps(data).encode()
    place = Place(topic, 0, 7)
    return fact_of(place, key, {**HEADERS, **(headers or {})}, value, SECRET)


def test_an_order_is_found_by_all_that_names_it_and_its_skus() -> None:
    assert fact(PLACED).terms == {
        *("ord_1", "web-1001", "17850", "po-7", "85123a"),
        email_term("C17850@example.com ", SECRET),
    }


def test_parcels_name_an_order_too() -> None:
    shipped = {"order_id": "ord_1", "parcel": {"shipment_id": "shp_1", "tracking_number": "RP1"}}

    assert fact(shipped).terms == {"ord_1", "shp_1", "rp1"}


def test_neither_token_nor_person_is_kept() -> None:
    kept = json.dumps(fact(PLACED).data)

    assert fact(PLACED).data["payment"] == {"method": "card", "token": "withheld"}
    for private in ("tok_of_a_buyer", "Customer 17850", "c17850@example.com"):
        assert private not in kept
    assert not any("c17850" in one for one in fact(PLACED).terms)


def test_of_a_submission_only_what_is_known_to_be_harmless_is_kept() -> None:
    submitted = {**SUBMISSION_EXAMPLE, "metadata": {"note": "Flat 3"}, "odd": "c@example.com"}
    kept = fact(submitted, topics.STOREFRONT_ORDERS, b"web-1001")

    assert kept.order_id is None
    assert kept.terms == frozenset()
    assert kept.data["total_minor"] == 1530
    assert kept.data["lines"][0]["sku"] == "85123A"
    assert kept.data["withheld"] == ["customer", "metadata", "odd", "payment", "shipping_address"]
    for private in ("tok_ok", "Mill Lane", "Flat 3", "example.com"):
        assert private not in json.dumps(kept.data)


def test_a_member_of_a_submission_that_is_a_list_in_place_of_a_text_is_not_kept() -> None:
    odd = {"client_reference": ["c@example.com"], "lines": [{"sku": {"email": "c@example.com"}}]}

    assert "c@example.com" not in json.dumps(fact(odd, topics.STOREFRONT_ORDERS).data)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (b"{", "the value is no JSON"),
        (b"\xff\xfe", "the value is no JSON"),
        (b"[1]", "the value is no JSON object"),
        (b"[" * 100_000, "the value is no JSON"),
        (b" " * (16 * DATA_BYTES_MAX + 1), "the record is too long to be shown"),
    ],
)
def test_what_cannot_be_read_is_a_fact_with_a_problem(value: bytes, problem: str) -> None:
    read = fact(value)

    assert (read.problem, read.data, read.key) == (problem, {}, "ord_1")


def test_a_record_without_value_key_and_headers_is_one_too() -> None:
    read = fact_of(Place(topics.ORDERS, 0, 7), None, {}, None, SECRET)

    assert read.problem == "the record has no value"
    assert (read.key, read.type, read.sequence, read.at, read.trace_id) == ("", "", 0, None, "")


def test_what_a_database_cannot_store_is_replaced() -> None:
    read = fact({"client_reference": "a\x00b\ud800"}, key=b"\x00\xff", headers={"ce_type": "x\x00"})

    assert "\x00" not in read.key + read.type + json.dumps(read.data, ensure_ascii=False)
    json.dumps(read.data, ensure_ascii=False).encode()
    assert all("\x00" not in term for term in read.terms)


@pytest.mark.parametrize(
    ("headers", "kept"),
    [
        ({"ce_sequence": "-1", "ce_time": "yesterday"}, (0, None)),
        ({"ce_sequence": "9" * 30, "ce_time": "2026-11-30T10:00:00"}, (2**31 - 1, None)),
    ],
)
def test_headers_that_make_no_sense_count_as_none(headers: dict[str, str], kept: Any) -> None:
    read = fact(PLACED, headers=headers)

    assert (read.sequence, read.at) == kept


def test_an_address_is_hashed_under_a_key_and_case_does_not_matter() -> None:
    assert email_term("A@example.com", SECRET) == email_term("a@EXAMPLE.com", SECRET)
    assert email_term("a@example.com", SECRET) != email_term("a@example.com", b"another")
    assert term_of("  Web-1001 ") == "web-1001"
