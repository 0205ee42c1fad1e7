"""Payments, attempts, the ledger, sweeps, and the work rows of provider operations."""

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record
from shared.contracts import topics
from shared.database import Db
from shared.database.writes import Writer
from shared.messaging.order_table import OrderTable

from payments.domain.attempts import Attempt, AttemptKey
from payments.domain.ledger import Entry
from payments.domain.payment import Payment

PAYMENTS: OrderTable[Payment] = OrderTable(
    name="payments",
    row=Payment,
    columns={
        "order_id": "text",
        "payment_id": "text",
        "tenant": "text",
        "status": "text",
        "amount_minor": "bigint",
        "currency": "text",
        "captured_minor": "bigint",
        "captured_currency": "text",
        "charge_reference": "text",
        "refunded_minor": "bigint",
        "refund_queued_minor": "bigint",
        "refunds": "integer",
        "token": "text",
        "decide_by": "timestamptz",
        "end_reason": "text",
        "decline_reason": "text",
        "opened_at": "timestamptz",
        "traceparent": "text",
    },
    sequences={topics.PAYMENTS: "payments_sequence"},
    placed_in=attrgetter("traceparent"),
)

_ATTEMPT = tuple(one.name for one in fields(Attempt))
_ATTEMPT_COLUMNS = ", ".join(_ATTEMPT)
_ATTEMPT_KEY = ("order_id", "operation", "number")
_ATTEMPT_FIXED = {
    *_ATTEMPT_KEY,
    "provider_key",
    "amount_minor",
    "currency",
    "created_at",
    "reason",
    "stray_charge",
}
_ATTEMPT_CHANGES = ", ".join(
    f"{name} = excluded.{name}" for name in _ATTEMPT if name not in _ATTEMPT_FIXED
)

_LOAD_ATTEMPTS = f"""
SELECT {_ATTEMPT_COLUMNS} FROM payment_attempts
JOIN unnest($1::text[], $2::text[], $3::integer[]) u(order_id, operation, number)
    USING (order_id, operation, number)
"""
_SAVE_ATTEMPTS = f"""
INSERT INTO payment_attempts ({_ATTEMPT_COLUMNS})
SELECT * FROM unnest($1::text[], $2::text[], $3::integer[], $4::text[], $5::bigint[], $6::text[],
    $7::timestamptz[], $8::text[], $9::text[], $10::integer[], $11::timestamptz[],
    $12::timestamptz[], $13::timestamptz[], $14::timestamptz[], $15::timestamptz[], $16::text[],
    $17::text[])
ON CONFLICT (order_id, operation, number) DO UPDATE SET {_ATTEMPT_CHANGES}
"""
_ATTEMPTS_OF_ORDER = f"""
SELECT {_ATTEMPT_COLUMNS} FROM payment_attempts WHERE order_id = $1 ORDER BY operation, number
"""
_PAYMENT_OF_ORDER = f"""
SELECT {", ".join(PAYMENTS.columns)} FROM payments WHERE order_id = $1
"""
_ORDER_OF_PAYMENT = "SELECT order_id FROM payments WHERE payment_id = $1 AND payment_id <> ''"

_BOOK = """
INSERT INTO ledger_entries (tx_id, account, amount_minor, currency, order_id, operation, number,
    provider_reference, at)
SELECT u.*, $9 FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[],
    $6::text[], $7::integer[], $8::text[]) u
"""

_LEDGER_OF_ORDER = """
SELECT l.id, l.tx_id, l.account, l.amount_minor, l.currency, l.operation, l.number,
    coalesce(a.reason, '') AS reason, l.provider_reference, l.at
FROM ledger_entries l LEFT JOIN payment_attempts a USING (order_id, operation, number)
WHERE l.order_id = $1 AND l.id > $2 ORDER BY l.id LIMIT $3
"""

# Whoever takes a sweep owns it until it answers or the claim runs out. Materialized, as leases are.
_CLAIM_SWEEPS = """
WITH due AS MATERIALIZED (
    SELECT order_id, operation, number FROM payment_attempts WHERE next_sweep_at <= $1
    ORDER BY next_sweep_at LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE payment_attempts a SET next_sweep_at = $1::timestamptz + $2
FROM due JOIN payments p USING (order_id)
WHERE (a.order_id, a.operation, a.number) = (due.order_id, due.operation, due.number)
RETURNING a.order_id, a.operation, a.number, a.provider_key, a.next_sweep_at, p.traceparent
"""

_HOLD_LEASES = """
SELECT w.lease_token FROM work_rows w
JOIN unnest($1::bigint[], $2::uuid[]) u(id, token) ON w.id = u.id AND w.lease_token = u.token
WHERE NOT w.done ORDER BY w.id FOR NO KEY UPDATE OF w
"""
_FINISH_ROWS = """
UPDATE work_rows w SET done = true, lease_owner = NULL, lease_token = NULL, lease_until = NULL,
    last_error = u.note
FROM unnest($1::bigint[], $2::text[]) u(id, note) WHERE w.id = u.id
"""
_POSTPONE_ROWS = """
UPDATE work_rows w SET not_before = u.until, last_error = u.why,
    lease_owner = NULL, lease_token = NULL, lease_until = NULL
FROM unnest($1::bigint[], $2::timestamptz[], $3::text[]) u(id, until, why) WHERE w.id = u.id
"""
_START_CALLS = """
UPDATE work_rows SET call_started_at = $2, lease_until = $2::timestamptz + $3
WHERE id = ANY($1::bigint[])
"""
# Only rows that nobody performs: who holds a lease closes its row itself.
_CLOSE_ROWS = """
UPDATE work_rows w SET done = true, last_error = NULL
FROM unnest($1::text[], $2::text[], $3::integer[]) u(order_id, operation, number)
WHERE w.order_id = u.order_id AND w.kind = u.operation
  AND (w.payload ->> 'number')::integer = u.number AND NOT w.done AND w.lease_token IS NULL
"""


class Sweep(NamedTuple):
    """An attempt to ask about; ``claimed_until`` tells this claim from a later wish."""

    attempt: AttemptKey
    provider_key: str
    claimed_until: datetime
    traceparent: str


async def load_attempts(db: Db, keys: Collection[AttemptKey]) -> dict[AttemptKey, Attempt]:
    """Read them; their orders' rows are locked, and that lock guards them too."""
    records = await db.fetch(
        _LOAD_ATTEMPTS,
        [key.order_id for key in keys],
        [key.operation for key in keys],
        [key.number for key in keys],
    )
    attempts = (Attempt(**one) for one in records)
    return {attempt.key: attempt for attempt in attempts}


async def save_attempts(db: Writer, attempts: Sequence[Attempt]) -> None:
    """Insert the new and update the others; an operation's key and amount never change."""
    ordered = sorted(attempts, key=lambda attempt: attempt.key)
    await db.execute(
        _SAVE_ATTEMPTS, *([getattr(one, name) for one in ordered] for name in _ATTEMPT)
    )


async def book(db: Writer, entries: Sequence[Entry], now: datetime) -> None:
    """Append to the ledger; PostgreSQL refuses what is unbalanced or was booked before."""
    columns = ([getattr(one, field.name) for one in entries] for field in fields(Entry))
    await db.execute(_BOOK, *columns, now)


async def payment_of(db: Db, order_id: str) -> Payment | None:
    record = await db.fetchrow(_PAYMENT_OF_ORDER, order_id)
    return Payment(**record) if record else None


async def attempts_of(db: Db, order_id: str) -> list[Attempt]:
    return [Attempt(**one) for one in await db.fetch(_ATTEMPTS_OF_ORDER, order_id)]


async def ledger_of(db: Db, order_id: str, after: int, limit: int) -> list[Record]:
    """Entries of an order behind the one with the id ``after``, each with its attempt's reason."""
    return list(await db.fetch(_LEDGER_OF_ORDER, order_id, after, limit))


async def order_of(db: Db, payment_id: str) -> str | None:
    order_id: str | None = await db.fetchval(_ORDER_OF_PAYMENT, payment_id)
    return order_id


async def claim_sweeps(db: Db, now: datetime, hold_s: float, limit: int) -> list[Sweep]:
    """Take at most ``limit`` due sweeps, the oldest first, for ``hold_s``."""
    return [
        Sweep(
            AttemptKey(one["order_id"], one["operation"], one["number"]),
            one["provider_key"],
            one["next_sweep_at"],
            one["traceparent"],
        )
        for one in await db.fetch(_CLAIM_SWEEPS, now, timedelta(seconds=hold_s), limit)
    ]


async def hold_leases(db: Db, leases: Collection[tuple[int, UUID]]) -> set[UUID]:
    """Lock the work rows whose lease is still ours, and give their tokens.

    Not their ids: who has lost a row and who has it now may ask in one transaction.
    """
    records = await db.fetch(_HOLD_LEASES, [one[0] for one in leases], [one[1] for one in leases])
    return {one["lease_token"] for one in records}


async def finish_rows(db: Writer, rows: Sequence[tuple[int, str | None]]) -> None:
    await db.execute(_FINISH_ROWS, [one[0] for one in rows], [one[1] for one in rows])


async def postpone_rows(db: Writer, rows: Sequence[tuple[int, datetime, str]]) -> None:
    """Give the rows back, each to be taken again at its own time and with its own reason."""
    ids, untils, reasons = zip(*rows, strict=True)
    await db.execute(_POSTPONE_ROWS, ids, untils, reasons)


async def start_calls(db: Writer, ids: Sequence[int], now: datetime, lease_s: float) -> None:
    """Record that the provider may hear of them from now on, and begin their leases anew."""
    await db.execute(_START_CALLS, ids, now, timedelta(seconds=lease_s))


async def close_rows(db: Writer, keys: Collection[AttemptKey]) -> None:
    """What they were to find out is known; the order's next row need not wait for them."""
    ordered = sorted(keys)
    await db.execute(
        _CLOSE_ROWS,
        [key.order_id for key in ordered],
        [key.operation for key in ordered],
        [key.number for key in ordered],
    )
