"""The comparison: the provider's own list against our ledger; what is found beside it goes back."""

from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

import structlog
from shared.database import Db

from payments import store
from payments.calls.charging import give_back_late
from payments.calls.desk import Desk
from payments.domain import ledger
from payments.domain.attempts import Attempt, heard_of
from payments.domain.payment import PaidLate, Payment, capture
from payments.domain.strays import (
    AskAgain,
    ForPeople,
    Movement,
    TakeBeside,
    TakeLate,
    Undecided,
    judge,
    stray_charge,
)
from payments.invariants import COMPARED
from payments.provider import Provider, Unknown
from payments.store import Listing
from payments.unit_of_work import PaymentsWork

PAGES_MAX = 200
STRAYS_MAX = 200
NAMED_MAX = 20

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often a provider's list is compared; the last ``settle`` is left to the next time.

    What is older than ``keep`` is compared no more.
    """

    provider: str
    interval_s: float
    settle: timedelta
    keep: timedelta = timedelta(days=400)


async def reconcile(desk: Desk, provider: Provider, schedule: Schedule) -> bool:
    """One turn of the comparison, if it is due: ``PAGES_MAX`` pages; True when it is finished.

    One instance has the turn at a time; when it dies another goes on where it stopped.
    """
    listing = await _claim(desk, schedule)
    if listing is None or not await _read(desk, provider, listing):
        return False
    await _settle(desk)
    await _finish(desk, listing, schedule)
    return True


async def _claim(desk: Desk, schedule: Schedule) -> Listing | None:
    async with desk.transactions.pool.acquire() as db:
        now = await desk.transactions.clock.now(db)
        return await store.claim_listing(db, schedule.provider, now, desk.lease_s, schedule.settle)


async def _read(desk: Desk, provider: Provider, listing: Listing) -> bool:
    """Keep page after page; True when the last one is kept."""
    cursor = listing.cursor
    for left in range(PAGES_MAX, 0, -1):
        page = await provider.list_movements(listing.since, listing.until, cursor)
        if isinstance(page, Unknown):
            log.warning("list-unknown", why=page.why)
            return False
        cursor = page.next
        # The last page of a turn that is not the last of all is gone on from at once.
        hold_s = desk.lease_s if left > 1 or cursor is None else 0
        async with desk.transactions.pool.acquire() as db, db.transaction():
            await store.keep_movements(db, page.movements)
            now = await desk.transactions.clock.now(db)
            due_at = now + timedelta(seconds=hold_s)
            if not await store.go_on(db, listing, cursor, due_at):
                return False
        if cursor is None:
            return True
    return False


async def _settle(desk: Desk) -> None:
    """What is not booked is settled under its order's row, each by itself."""
    async with desk.transactions.pool.acquire() as db:
        await store.mark_booked(db)
        found = await store.unbooked(db, STRAYS_MAX)
    for movement, order_known in found:
        async with desk.transactions.begin() as work:
            await _take(work, movement, order_known=order_known)


async def _take(work: PaymentsWork, found: Movement, *, order_known: bool) -> None:
    attempts: list[Attempt] = []
    if order_known:
        await work.lock_orders([found.order_id])
        attempts = await store.attempts_of(work.db, found.order_id)
        await work.load_attempts({one.key for one in attempts})
    if any(one.provider_key == found.charge_reference for one in attempts):
        return
    payment = work.rows.get(found.order_id)
    made = next((one for one in attempts if one.provider_key == found.key), None)
    await _follow(work, found, payment, made)


async def _follow(
    work: PaymentsWork, found: Movement, payment: Payment | None, made: Attempt | None
) -> None:
    """Do what the rule says -> PaymentCaptured, a refund, a question, or a difference."""
    match judge(found, payment, made):
        case TakeLate():
            assert payment is not None
            _take_late(work, found, payment)
        case TakeBeside():
            assert payment is not None
            charge = _charge(work, found, beside=True)
            work.book(ledger.entries(charge, found.money, found.charge_reference))
            work.take_beside(payment, charge)
            log.error("stray-charge", order_id=found.order_id, charge=found.charge_reference)
        case AskAgain(attempt):
            assert payment is not None
            work.keep(payment, heard_of(attempt, work.now))
            await store.mark_different(work.db, found)
        case ForPeople(why):
            log.error("list-difference", order_id=found.order_id, id=found.id, why=why)
            await store.mark_different(work.db, found)
        case Undecided():
            pass
        case judgement:
            assert_never(judgement)


def _take_late(work: PaymentsWork, found: Movement, payment: Payment) -> None:
    """The money of a payment that was closed without any -> PaymentCaptured, and its refund."""
    match capture(payment, found.money, found.charge_reference):
        case PaidLate(paid):
            charge = _charge(work, found, beside=False)
            work.book(ledger.entries(charge, found.money, found.charge_reference))
            work.keep(paid, charge)
            give_back_late(work, paid)
        case other:
            raise AssertionError(f"a payment without money takes it late, not {other}")


def _charge(work: PaymentsWork, found: Movement, *, beside: bool) -> Attempt:
    charges = [key.number for key in work.attempts if key.operation == "charge"]
    return stray_charge(found, max(charges, default=0) + 1, work.now, beside=beside)


async def _finish(desk: Desk, listing: Listing, schedule: Schedule) -> None:
    async with desk.transactions.pool.acquire() as db, db.transaction():
        differences = await _differences(db)
        now = await desk.transactions.clock.now(db)
        await store.finish_listing(db, listing, now, schedule.interval_s, differences)
        await store.compare_from(db, listing.provider, now - schedule.keep)
    log.info("reconciled", until=listing.until.isoformat(), differences=differences)


async def _differences(db: Db) -> int:
    """Every promise about the list, counted, and told by its first ids where it is broken."""
    total = 0
    for one in COMPARED:
        broken = [str(row[0]) for row in await db.fetch(one.query)]
        if broken:
            log.error("reconciliation-difference", promise=one.name, ids=broken[:NAMED_MAX])
        total += len(broken)
    return total
