"""Work rows in PostgreSQL: one row of an order at a time, in insertion order, under a lease."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from asyncpg import Record
from pydantic_core import from_json, to_json

from shared.database import Db
from shared.database.writes import Writer, Writes

# A row that comes with a token is leased from its birth, unless an earlier one of its order is
# open; the order's row is locked, so no other can come. With LIMIT and OFFSET it is asked once for
# each row, by the index: as EXISTS it would be asked five times, each by a hash of all open rows.
_INSERT = """
INSERT INTO work_rows (order_id, kind, payload, not_before, traceparent, created_at, attempts,
    lease_owner, lease_token, lease_until, call_started_at)
SELECT u.order_id, u.kind, u.payload::jsonb, u.not_before, u.traceparent, $8,
    CASE WHEN l.ours THEN 1 ELSE 0 END, CASE WHEN l.ours THEN $9 END,
    CASE WHEN l.ours THEN u.token END, CASE WHEN l.ours THEN $8::timestamptz + $10 END,
    CASE WHEN l.ours AND u.started THEN $8::timestamptz END
FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::uuid[],
    $7::boolean[]) WITH ORDINALITY
    u(order_id, kind, payload, not_before, traceparent, token, started, n)
CROSS JOIN LATERAL (SELECT u.token IS NOT NULL AND (
    SELECT e.id FROM work_rows e WHERE e.order_id = u.order_id AND NOT e.done LIMIT 1
    ) IS NULL AS ours OFFSET 0) l
ORDER BY u.n
RETURNING id, lease_token
"""

# SKIP LOCKED is right here and wrong for the outbox: a row that is skipped is somebody's, and
# an order's later rows stay hidden until its earlier ones are done.
# Materialized: a plan made for a small table would look for due rows anew at each row it updates,
# and lease more than it was asked for.
_LEASE = """
WITH due AS MATERIALIZED (
    SELECT id FROM work_rows c
    WHERE NOT c.done AND c.not_before <= $3 AND (c.lease_until IS NULL OR c.lease_until < $3)
      AND NOT EXISTS (
        SELECT 1 FROM work_rows e WHERE e.order_id = c.order_id AND e.id < c.id AND NOT e.done)
    ORDER BY id LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE work_rows w
SET lease_owner = $2, lease_token = gen_random_uuid(), lease_until = $3::timestamptz + $4,
    attempts = w.attempts + 1
FROM due WHERE w.id = due.id
RETURNING w.*
"""

_START_CALLS = """
UPDATE work_rows w SET call_started_at = $3, lease_until = $3::timestamptz + $4
FROM unnest($1::bigint[], $2::uuid[]) u(id, token)
WHERE w.id = u.id AND w.lease_token = u.token AND NOT w.done
RETURNING w.id
"""
_FINISH = """
UPDATE work_rows w SET done = true, lease_owner = NULL, lease_token = NULL, lease_until = NULL,
    last_error = u.note
FROM unnest($1::bigint[], $2::uuid[], $3::text[]) u(id, token, note)
WHERE w.id = u.id AND w.lease_token = u.token AND NOT w.done
RETURNING w.id
"""
_POSTPONE = """
UPDATE work_rows SET not_before = $3, last_error = $4,
    lease_owner = NULL, lease_token = NULL, lease_until = NULL
WHERE id = $1 AND lease_token = $2 AND NOT done
RETURNING id
"""
_RELEASE_OWN = """
UPDATE work_rows SET lease_owner = NULL, lease_token = NULL, lease_until = NULL
WHERE lease_owner = $1 AND NOT done AND id <> ALL($2::bigint[])
"""


@dataclass(frozen=True, slots=True)
class NewWork:
    """``lease_token`` is that of a row which its own process will take up at once.

    ``begun`` is what is then done first, where the transaction has recorded that already.
    """

    order_id: str
    kind: str
    payload: dict[str, Any]
    not_before: datetime
    traceparent: str
    lease_token: UUID | None = None
    begun: Any = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Lease:
    """Who takes rows, and for how long."""

    owner: str
    lease_s: float


@dataclass(frozen=True, slots=True)
class LeasedRow:
    """A row this instance may work on until its lease ends; outcomes need its ``lease_token``.

    ``begun`` is what its performer goes on with; nothing when the row was not made for it.
    """

    id: int
    order_id: str
    kind: str
    payload: dict[str, Any]
    attempts: int
    call_started_at: datetime | None
    lease_token: UUID
    traceparent: str
    begun: Any = field(default=None, repr=False)


async def insert(db: Writer, rows: Sequence[NewWork], now: datetime) -> None:
    """In order, for whoever is free."""
    await db.execute(_INSERT, *_columns(rows, now, Lease("", 0)))


async def insert_for(db: Writes, rows: Sequence[NewWork], now: datetime, lease: Lease) -> None:
    """In order; what ``db`` then gives tells ``leased_at_birth`` which of them are leased."""
    await db.give(_INSERT, *_columns(rows, now, lease))


def _columns(rows: Sequence[NewWork], now: datetime, lease: Lease) -> Sequence[Any]:
    return (
        [row.order_id for row in rows],
        [row.kind for row in rows],
        [to_json(row.payload).decode() for row in rows],
        [row.not_before for row in rows],
        [row.traceparent for row in rows],
        [row.lease_token for row in rows],
        [row.begun is not None for row in rows],
        now,
        lease.owner,
        timedelta(seconds=lease.lease_s),
    )


def leased_at_birth(rows: Sequence[NewWork], given: Sequence[Record]) -> list[LeasedRow]:
    """Those of ``rows`` that are leased to the process that has inserted them."""
    ids = {one["lease_token"]: one["id"] for one in given}
    return [
        LeasedRow(
            id=ids[row.lease_token],
            order_id=row.order_id,
            kind=row.kind,
            payload=row.payload,
            attempts=1,
            call_started_at=None,
            lease_token=row.lease_token,
            traceparent=row.traceparent,
            begun=row.begun,
        )
        for row in rows
        if row.lease_token is not None and row.lease_token in ids
    ]


async def lease(db: Db, owner: str, limit: int, now: datetime, lease_s: float) -> list[LeasedRow]:
    """Take at most ``limit`` due rows, the oldest first."""
    records = await db.fetch(_LEASE, limit, owner, now, timedelta(seconds=lease_s))
    return sorted((_leased(one) for one in records), key=lambda row: row.id)


async def start_calls(
    db: Db, leased: Sequence[LeasedRow], now: datetime, lease_s: float
) -> set[int]:
    """Record that the outside may hear of them from now on; ids of those still leased to us."""
    ids, tokens = [one.id for one in leased], [one.lease_token for one in leased]
    records = await db.fetch(_START_CALLS, ids, tokens, now, timedelta(seconds=lease_s))
    return {record["id"] for record in records}


async def finish(db: Db, leased: Sequence[LeasedRow], notes: Sequence[str | None]) -> set[int]:
    """Close the rows; of one whose id is not given back, nothing may be recorded."""
    ids, tokens = [one.id for one in leased], [one.lease_token for one in leased]
    records = await db.fetch(_FINISH, ids, tokens, list(notes))
    return {record["id"] for record in records}


async def postpone(db: Db, row: LeasedRow, until: datetime, error: str) -> bool:
    """Give the row back to be taken after ``until``; False when the lease was lost."""
    return await db.fetchval(_POSTPONE, row.id, row.lease_token, until, error[:500]) is not None


async def release_own(db: Db, owner: str, in_hand: Collection[int] = ()) -> None:
    """Give back what is leased to us and not in hand: our name has one living owner."""
    await db.execute(_RELEASE_OWN, owner, list(in_hand))


def _leased(record: Record) -> LeasedRow:
    return LeasedRow(
        id=record["id"],
        order_id=record["order_id"],
        kind=record["kind"],
        payload=from_json(record["payload"]),
        attempts=record["attempts"],
        call_started_at=record["call_started_at"],
        lease_token=record["lease_token"],
        traceparent=record["traceparent"] or "",
    )
