"""The provider's own list as far as it was read, and the comparisons with our ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from asyncpg import Record
from shared.database import Db

from payments.domain.money import Money
from payments.domain.strays import Movement
from payments.invariants import GIVEN_BACK, IN_LEDGER

# Wider than any two clocks differ; what is listed twice is kept once.
OVERLAP = timedelta(minutes=5)

_BEGIN = """
INSERT INTO reconciliations (provider, covered_from, covered_to, due_at)
SELECT $1, start.at, start.at, $2 FROM (
    SELECT coalesce(min(created_at), $2::timestamptz) AS at FROM payment_attempts) start
ON CONFLICT DO NOTHING
"""
_CLAIM = """
UPDATE reconciliations SET due_at = $2::timestamptz + $3::interval,
    listing_to = coalesce(listing_to, $2::timestamptz - $4::interval)
WHERE provider = $1 AND due_at <= $2 RETURNING covered_to, listing_to, cursor
"""
_KEEP = """
INSERT INTO provider_movements (id, operation, provider_key, order_id, charge_id, amount_minor,
    currency, at)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[],
    $7::text[], $8::timestamptz[]) u(id)
ORDER BY u.id
ON CONFLICT DO NOTHING
"""
_GO_ON = """
UPDATE reconciliations SET cursor = $3, due_at = $4
WHERE provider = $1 AND listing_to = $2 RETURNING true
"""
_FINISH = """
UPDATE reconciliations SET covered_to = listing_to, listing_to = NULL, cursor = NULL, due_at = $3,
    finished_at = $4, differences = $5
WHERE provider = $1 AND listing_to = $2
"""
_FINISHED_AT = "SELECT finished_at FROM reconciliations WHERE provider = $1"
_COMPARE_FROM = """
UPDATE reconciliations SET covered_from = $2 WHERE provider = $1 AND covered_from < $2
"""
_HURRY = "UPDATE reconciliations SET due_at = $2 WHERE provider = $1 AND due_at > $2"
_MARK_BOOKED = f"""
UPDATE provider_movements m SET state = 'booked' WHERE m.state <> 'booked' AND {IN_LEDGER}
"""
_UNBOOKED = f"""
SELECT m.id, m.operation, m.provider_key, coalesce(a.order_id, m.order_id) AS order_id,
    m.charge_id, m.amount_minor, m.currency, m.at, p.order_id IS NOT NULL AS order_known
FROM provider_movements m
LEFT JOIN payment_attempts a USING (provider_key)
LEFT JOIN payments p ON p.order_id = coalesce(a.order_id, m.order_id)
WHERE m.state <> 'booked' AND NOT {GIVEN_BACK} ORDER BY m.state DESC, m.at LIMIT $1
"""
_MARK_DIFFERENT = "UPDATE provider_movements SET state = 'differs' WHERE id = $1"


@dataclass(frozen=True, slots=True)
class Listing:
    """The part of the list that is being read, from ``since`` until ``until``."""

    provider: str
    since: datetime
    until: datetime
    cursor: str | None


async def claim_listing(
    db: Db, provider: str, now: datetime, hold_s: float, settle: timedelta
) -> Listing | None:
    """Take the comparison when it is due, for ``hold_s``; one that was left off goes on.

    It reaches until ``settle`` ago, so that an operation under way is not judged.
    """
    await db.execute(_BEGIN, provider, now)
    row = await db.fetchrow(_CLAIM, provider, now, timedelta(seconds=hold_s), settle)
    if row is None:
        return None
    since = row["covered_to"] - OVERLAP
    return Listing(provider, since, row["listing_to"], row["cursor"])


async def keep_movements(db: Db, page: Sequence[Movement]) -> None:
    if page:
        await db.execute(_KEEP, *zip(*map(_columns, page), strict=True))


async def go_on(db: Db, listing: Listing, cursor: str | None, due_at: datetime) -> bool:
    """Remember how far it was read; False when another instance has finished it."""
    row = await db.fetchval(_GO_ON, listing.provider, listing.until, cursor, due_at)
    return row is not None


async def finish_listing(
    db: Db, listing: Listing, now: datetime, interval_s: float, differences: int
) -> None:
    due_at = now + timedelta(seconds=interval_s)
    await db.execute(_FINISH, listing.provider, listing.until, due_at, now, differences)


async def finished_at(db: Db, provider: str) -> datetime | None:
    """When the last comparison was, by whichever instance; nothing before the first."""
    found: datetime | None = await db.fetchval(_FINISHED_AT, provider)
    return found


async def compare_from(db: Db, provider: str, since: datetime) -> None:
    """What lies before ``since`` is compared no more, and may be forgotten."""
    await db.execute(_COMPARE_FROM, provider, since)


async def hurry_comparison(db: Db, provider: str, due_at: datetime) -> None:
    """Compare at ``due_at``, unless that was to be sooner."""
    await db.execute(_HURRY, provider, due_at)


async def mark_booked(db: Db) -> None:
    """The ledger never loses a line, so what it has once need not be compared again."""
    await db.execute(_MARK_BOOKED)


async def unbooked(db: Db, limit: int) -> list[tuple[Movement, bool]]:
    """What the ledger does not have, the unjudged first; and whether we know its order.

    A movement under a key of ours is about that key's order, whatever the provider calls it.
    """
    found = await db.fetch(_UNBOOKED, limit)
    return [(_movement(one), one["order_known"]) for one in found]


async def mark_different(db: Db, found: Movement) -> None:
    await db.execute(_MARK_DIFFERENT, found.id)


def _columns(one: Movement) -> tuple[object, ...]:
    return (
        one.id,
        one.operation,
        one.key,
        one.order_id,
        one.charge_reference,
        one.money.minor,
        one.money.currency,
        one.at,
    )


def _movement(row: Record) -> Movement:
    return Movement(
        id=row["id"],
        operation=row["operation"],
        key=row["provider_key"],
        order_id=row["order_id"],
        charge_reference=row["charge_id"],
        money=Money(row["amount_minor"], row["currency"]),
        at=row["at"],
    )
