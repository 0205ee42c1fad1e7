"""The provider in payments' process keeps a book that it can be asked from, over restarts."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from local_runtime.audit.book_and_ledger import movement_of
from payments.domain.money import Money
from payments.provider import Captured, Charge, NotFound, Page, Refund, Refunded

from tests.bench.adapters import PAGE_MAX, BookedProvider, lines

PRICE = Money(500, "GBP")


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[BookedProvider]:
    made = BookedProvider(tmp_path / "book.jsonl")
    yield made
    await made.close()


def a_charge(number: int) -> Charge:
    return Charge(f"key-{number}", f"ord_{number}", PRICE, "tok_ok")


async def test_a_charge_is_found_by_its_key_after_a_restart(provider: BookedProvider) -> None:
    answer = await provider.charge(a_charge(1))
    after = BookedProvider(provider.book)

    assert answer == Captured("ch_key-1", PRICE)
    assert await after.find_charge("key-1") == answer
    assert await after.find_charge("key-2") == NotFound()


async def test_a_refund_is_of_its_charge(provider: BookedProvider) -> None:
    await provider.charge(a_charge(1))

    answer = await provider.refund(Refund("key-r", "ch_key-1", PRICE))

    assert answer == Refunded("re_key-r", PRICE) == await provider.find_refund("key-r")
    assert [one["order_id"] for one in lines(provider.book)] == ["ord_1", "ord_1"]


async def test_the_audit_can_read_the_book(provider: BookedProvider) -> None:
    await provider.charge(a_charge(1))
    await provider.refund(Refund("key-r", "ch_key-1", PRICE))

    read = [movement_of(one) for one in lines(provider.book)]

    assert [(one.operation, one.reference, one.amount_minor) for one in read if one] == [
        ("charge", "ch_key-1", 500),
        ("refund", "re_key-r", -500),
    ]


async def test_movements_are_listed_in_pages(provider: BookedProvider) -> None:
    for number in range(PAGE_MAX + 1):
        await provider.charge(a_charge(number))
    now = datetime.now(UTC)
    since, until = now - timedelta(minutes=1), now + timedelta(minutes=1)

    first = await provider.list_movements(since, until, None)
    assert isinstance(first, Page)
    second = await provider.list_movements(since, until, first.next)
    assert isinstance(second, Page)

    assert [len(first.movements), len(second.movements), second.next] == [PAGE_MAX, 1, None]
    assert await provider.list_movements(since, since, None) == Page((), None)
