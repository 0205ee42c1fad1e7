"""Deliveries: fanned out from the log, one of an order and endpoint at a time, and their log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from asyncpg import Record
from shared.database import Db

from notifications.partners.domain.endpoint import Endpoint
from notifications.partners.domain.log import ADDRESS_TYPE, LogEvent, Scope
from notifications.partners.store import log
from notifications.partners.store.endpoints import COLUMNS, endpoint_of
from notifications.partners.store.log import logged

State = Literal["waiting", "pending", "delivered", "failed"]
OPEN = "('waiting', 'pending')"

_NEWS = """
SELECT f.position < l.position AS is_behind,
    EXISTS (SELECT FROM webhook_deliveries WHERE state = 'pending') AS is_pending
FROM partner_fan_out f, partner_log l
"""
# The pointer moves first: what is fanned out lies between where it was and where it is.
# It leaps over what no endpoint wants as all of them were registered later.
_MOVE = """
UPDATE partner_fan_out f SET position = least(l.position, greatest(f.position + $1,
    coalesce((SELECT min(since_position) FROM webhook_endpoints), l.position)))
FROM partner_log l, (SELECT position FROM partner_fan_out) before
RETURNING greatest(before.position, f.position - $1) AS after, f.position AS until
"""
_FAN_OUT = f"""
INSERT INTO webhook_deliveries
    (endpoint_id, position, event_id, order_id, type, recorded_at, state, not_before, created_at)
SELECT e.endpoint_id, l.position, l.event_id, l.order_id, l.type, l.recorded_at,
    CASE WHEN row_number() OVER (PARTITION BY e.endpoint_id, l.order_id ORDER BY l.position) = 1
        AND NOT EXISTS (SELECT FROM webhook_deliveries d WHERE d.endpoint_id = e.endpoint_id
            AND d.order_id = l.order_id AND d.state IN {OPEN})
        THEN 'pending' ELSE 'waiting' END, $3, $3
FROM partner_events l
JOIN partners p ON p.tenant = l.tenant AND (p.seller_id IS NULL OR p.seller_id = ANY(l.sellers))
JOIN webhook_endpoints e ON e.partner_id = p.partner_id AND e.disabled_at IS NULL
    AND (e.seller_id IS NULL OR e.seller_id = ANY(l.sellers))
    AND e.since_position < l.position AND l.type = ANY(e.event_types)
    AND (p.sees_addresses OR l.type <> '{ADDRESS_TYPE}')
WHERE l.position > $1 AND l.position <= $2
  AND NOT EXISTS (SELECT FROM webhook_deliveries r
    WHERE r.endpoint_id = e.endpoint_id AND r.position = l.position)
ORDER BY l.position, e.endpoint_id
ON CONFLICT (endpoint_id, position) DO NOTHING
"""
_FORGET = f"""
DELETE FROM webhook_deliveries d WHERE d.state IN {OPEN} AND d.recorded_at < $1
  AND NOT EXISTS (SELECT FROM partner_events l
    WHERE l.position = d.position AND l.recorded_at = d.recorded_at)
RETURNING d.endpoint_id, d.order_id
"""
_WITHDRAW = f"""
DELETE FROM webhook_deliveries d USING webhook_endpoints e
WHERE e.partner_id = $1 AND d.endpoint_id = e.endpoint_id AND d.state <> 'delivered'
  AND d.type = '{ADDRESS_TYPE}'
RETURNING d.endpoint_id, d.order_id
"""
_DUE = f"""
SELECT d.delivery_id, d.attempts, e.serve_token, p.seller_id AS partners_seller,
    {", ".join(f"e.{name}" for name in COLUMNS)}, {", ".join(f"l.{name}" for name in log.COLUMNS)}
FROM unnest($1::uuid[], $2::integer[]) u(token, room)
JOIN webhook_endpoints e ON e.serve_token = u.token AND e.disabled_at IS NULL
    AND (e.paused_until IS NULL OR e.paused_until <= $3)
JOIN partners p ON p.partner_id = e.partner_id
CROSS JOIN LATERAL (
    SELECT delivery_id, attempts, position, recorded_at FROM webhook_deliveries c
    WHERE c.endpoint_id = e.endpoint_id AND c.state = 'pending' AND c.not_before <= $3
      AND c.delivery_id <> ALL($4::bigint[])
    ORDER BY c.not_before LIMIT u.room
) d
JOIN partner_events l ON l.position = d.position AND l.recorded_at = d.recorded_at
LIMIT $5
"""
_RECORD = f"""
WITH told AS (
    UPDATE webhook_deliveries d
    SET state = u.state, attempts = d.attempts + 1, not_before = u.not_before,
        ended_at = CASE WHEN u.state = 'pending' THEN NULL ELSE $6::timestamptz END
    FROM unnest($1::bigint[], $2::uuid[], $3::text[], $4::timestamptz[], $5::integer[])
        u(delivery_id, token, state, not_before, n)
    JOIN webhook_endpoints e ON e.serve_token = u.token
    WHERE d.delivery_id = u.delivery_id AND d.endpoint_id = e.endpoint_id AND d.state IN {OPEN}
    RETURNING d.delivery_id, u.n
), logged AS (
    INSERT INTO webhook_attempts
        (delivery_id, sent_at, duration_ms, status, error, response_head, response_body)
    SELECT told.delivery_id, a.sent_at, a.duration_ms, a.status, a.error, a.head, a.body
    FROM told JOIN unnest($5::integer[], $7::timestamptz[], $8::integer[], $9::integer[],
        $10::text[], $11::text[], $12::text[])
        a(n, sent_at, duration_ms, status, error, head, body) ON a.n = told.n
    ORDER BY told.n
)
SELECT n FROM told
"""
# Whatever was done to a pair's deliveries: its first open one is pending, all others wait.
_ARRANGE = f"""
UPDATE webhook_deliveries d
SET state = CASE WHEN d.position = heads.position THEN 'pending' ELSE 'waiting' END
FROM (
    SELECT o.endpoint_id, o.order_id, min(o.position) AS position
    FROM (SELECT DISTINCT * FROM unnest($1::text[], $2::text[]) AS pair(endpoint_id, order_id)) u
    JOIN webhook_deliveries o ON o.endpoint_id = u.endpoint_id AND o.order_id = u.order_id
        AND o.state IN {OPEN}
    GROUP BY 1, 2
) heads
WHERE d.endpoint_id = heads.endpoint_id AND d.order_id = heads.order_id AND d.state IN {OPEN}
  AND d.state <> CASE WHEN d.position = heads.position THEN 'pending' ELSE 'waiting' END
"""


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery to be made now, with all that it takes."""

    delivery_id: int
    attempts: int
    token: UUID
    endpoint: Endpoint
    scope: Scope
    event: LogEvent


@dataclass(frozen=True, slots=True)
class Attempted:
    """What an attempt came to: the delivery's new ``state``, and a line of the delivery log."""

    delivery_id: int
    token: UUID
    endpoint_id: str
    order_id: str
    state: State
    not_before: datetime
    sent_at: datetime
    duration_ms: int
    status: int | None
    error: str | None
    head: str
    body: str


async def news(db: Db) -> tuple[bool, bool]:
    """Whether the log has something that was not fanned out, and whether anything is to be sent."""
    row = await db.fetchrow(_NEWS)
    assert row is not None
    return row["is_behind"], row["is_pending"]


async def fan_out(db: Db, events_max: int, now: datetime) -> int:
    """A delivery for each endpoint that wants one of the next events; gives how many it looked at.

    Hold the deliveries' lock, not shared.
    """
    moved = await db.fetchrow(_MOVE, events_max)
    assert moved is not None
    if moved["until"] > moved["after"]:
        await db.execute(_FAN_OUT, moved["after"], moved["until"], now)
    passed: int = moved["until"] - moved["after"]
    return passed


async def forget(db: Db, kept_since: datetime) -> None:
    """What can be delivered no more, as its event was dropped, holds up nothing behind it.

    Hold the deliveries' lock, not shared.
    """
    gone = await db.fetch(_FORGET, kept_since)
    await arrange(db, [(one["endpoint_id"], one["order_id"]) for one in gone])


async def withdraw_addresses(db: Db, partner_id: str) -> None:
    """What was still to be told of addresses is told no more, and holds up nothing behind it.

    Hold the deliveries' lock, not shared.
    """
    gone = await db.fetch(_WITHDRAW, partner_id)
    await arrange(db, [(one["endpoint_id"], one["order_id"]) for one in gone])


async def due(
    db: Db,
    rooms: Sequence[tuple[UUID, int]],
    under_way: Sequence[int],
    now: datetime,
    limit: int,
) -> list[Due]:
    """What may be sent now: of each endpoint served by a token as many as there is room for."""
    tokens, counts = [token for token, _ in rooms], [count for _, count in rooms]
    records = await db.fetch(_DUE, tokens, counts, now, list(under_way), limit)
    return [_due(one) for one in records]


async def record(db: Db, attempted: Sequence[Attempted], now: datetime) -> list[Attempted]:
    """Write down what became of them, and let the next of their orders go; gives those of ours.

    Hold the deliveries' lock, shared. Who has lost an endpoint records nothing of it.
    """
    numbers = list(range(len(attempted)))
    told = await db.fetch(
        _RECORD,
        [one.delivery_id for one in attempted],
        [one.token for one in attempted],
        [one.state for one in attempted],
        [one.not_before for one in attempted],
        numbers,
        now,
        [one.sent_at for one in attempted],
        [one.duration_ms for one in attempted],
        [one.status for one in attempted],
        [one.error for one in attempted],
        [one.head for one in attempted],
        [one.body for one in attempted],
    )
    ours = [attempted[one["n"]] for one in told]
    await arrange(db, [(one.endpoint_id, one.order_id) for one in ours if one.state != "pending"])
    return ours


async def arrange(db: Db, pairs: Sequence[tuple[str, str]]) -> None:
    """See to it that of each (endpoint, order) the first open one is pending, and only that."""
    if pairs:
        await db.execute(_ARRANGE, [one for one, _ in pairs], [other for _, other in pairs])


def _due(record: Record) -> Due:
    endpoint = endpoint_of(record)
    return Due(
        record["delivery_id"],
        record["attempts"],
        record["serve_token"],
        endpoint,
        endpoint.scope_within(Scope(record["tenant"], record["partners_seller"])),
        logged(record),
    )
