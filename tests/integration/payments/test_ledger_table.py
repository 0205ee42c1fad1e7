"""What the database itself refuses, whatever the code does."""

import asyncpg
import pytest
from payments import store
from payments.domain.ledger import entries
from payments.domain.money import Money

from tests.integration.payments.service import Payments, placed
from tests.unit.payments.cases import NOW, an_attempt


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entries SET amount_minor = 1",
        "DELETE FROM ledger_entries",
        "TRUNCATE ledger_entries",
    ],
)
async def test_what_was_booked_stays_booked(service: Payments, statement: str) -> None:
    await service.receive(placed())
    await service.work()

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await service.pool.execute(statement)


async def test_one_operation_is_booked_once(service: Payments) -> None:
    both = entries(an_attempt(), Money(1530, "GBP"), "ch_1")
    async with service.pool.acquire() as db:
        await store.book(db, both, NOW)
        with pytest.raises(asyncpg.UniqueViolationError):
            await store.book(db, both, NOW)


async def test_a_transaction_that_does_not_sum_to_zero_is_refused(service: Payments) -> None:
    debit, credit = entries(an_attempt(), Money(1530, "GBP"), "ch_1")
    other = entries(an_attempt(), Money(1530, "EUR"), "ch_1")[1]
    async with service.pool.acquire() as db:
        with pytest.raises(asyncpg.CheckViolationError):
            await store.book(db, [debit], NOW)
        with pytest.raises(asyncpg.CheckViolationError):
            await store.book(db, [debit, other], NOW)
        await store.book(db, [debit, credit], NOW)


async def test_more_cannot_be_refunded_than_was_captured(service: Payments) -> None:
    await service.receive(placed())
    await service.work()

    with pytest.raises(asyncpg.CheckViolationError):
        await service.pool.execute(
            "UPDATE payments SET refunded_minor = 1000, refund_queued_minor = 531"
        )
