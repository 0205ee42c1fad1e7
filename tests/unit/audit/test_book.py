"""The provider's book against the ledger, line by line, however long the book is."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from local_runtime.audit.book_and_ledger import Movement, movement_of, not_booked
from local_runtime.audit.json_stream import OBJECT_CHARACTERS_MAX, objects

CHARGE = Movement("charge", "ch_1", "ord_1", 250, "GBP", "pay_1-charge-1")
BOOKED = CHARGE._replace(key="")
LINE = {
    "id": "op_1",
    "op": "capture",
    "order_id": "ord_1",
    "key": "pay_1-charge-1",
    "charge_id": "ch_1",
    "amount_minor": 250,
    "currency": "GBP",
    "ok": True,
    "at": "2026-03-01T12:00:00Z",
}


def test_only_what_moved_money_is_a_movement() -> None:
    refund = movement_of({**LINE, "op": "refund"})

    assert movement_of(LINE) == CHARGE
    assert refund == Movement("refund", "op_1", "ord_1", -250, "GBP", "pay_1-charge-1")
    assert movement_of({**LINE, "ok": False}) is None
    assert movement_of({**LINE, "op": "authorize"}) is None
    assert movement_of({**LINE, "op": "void"}) is None


def test_what_is_booked_as_it_was_done_is_right() -> None:
    assert not_booked([CHARGE], [BOOKED], ()) == {}


def test_a_charge_that_the_ledger_does_not_have_is_wrong_unless_it_is_asked_about() -> None:
    wrong = not_booked([CHARGE], [], ())

    told = "charge of 250 GBP for ord_1 at the provider, not in the ledger"
    assert wrong == {"ch_1": told}
    assert not_booked([CHARGE], [], {CHARGE.key}) == {}


@pytest.mark.parametrize(
    "booked",
    [
        BOOKED._replace(amount_minor=251),
        BOOKED._replace(amount_minor=-250),
        BOOKED._replace(currency="EUR"),
        BOOKED._replace(order_id="ord_2"),
    ],
)
def test_what_is_booked_otherwise_is_wrong_also_while_it_is_asked_about(booked: Movement) -> None:
    assert list(not_booked([CHARGE], [booked], {CHARGE.key})) == ["ch_1"]


def test_a_refund_is_not_taken_for_its_charge() -> None:
    refund = CHARGE._replace(operation="refund", amount_minor=-250)

    assert list(not_booked([refund], [BOOKED], ())) == ["ch_1"]


async def in_pieces(text: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(text), size):
        yield text[start : start + size]


async def read(text: bytes, size: int) -> list[dict[str, Any]]:
    return [one async for one in objects(in_pieces(text, size))]


@pytest.mark.parametrize("size", [1, 2, 7, 1_000])
async def test_an_array_is_read_the_same_in_pieces_of_any_size(size: int) -> None:
    written = [{"a": '}{ ] ü \\ " 🙂'}, {}, {"b": [1, {"c": None}]}]

    assert await read(b"  " + json.dumps(written, ensure_ascii=False).encode(), size) == written
    assert await read(b"[]", size) == []


@pytest.mark.parametrize("text", [b"", b'[{"a": 1}', b'[{"a": 1}, {"b"', b"{}", b"<html>"])
async def test_half_an_array_is_not_taken_for_a_whole_one(text: bytes) -> None:
    with pytest.raises(ValueError):
        await read(text, 3)


async def test_an_object_without_an_end_does_not_fill_the_memory() -> None:
    with pytest.raises(ValueError, match="without an end"):
        await read(b'[{"a": "' + b"x" * (OBJECT_CHARACTERS_MAX + 100_000), 50_000)
