"""Deliveries asked for once more, and the delivery log as partners read it."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from shared.database import Db

from notifications.partners.domain.endpoint import Endpoint
from notifications.partners.domain.log import ADDRESS_TYPE, Scope
from notifications.partners.store import deliveries
from notifications.partners.store.deliveries import OPEN, State

_AGAIN = "state = 'waiting', attempts = 0, not_before = $3, ended_at = NULL"
_FAILED = f"""
UPDATE webhook_deliveries SET {_AGAIN} WHERE delivery_id IN (
    SELECT delivery_id FROM webhook_deliveries
    WHERE endpoint_id = $1 AND state = 'failed' AND delivery_id > $2
    ORDER BY delivery_id LIMIT $4)
RETURNING order_id, delivery_id AS place
"""
_SINCE = f"""
INSERT INTO webhook_deliveries
    (endpoint_id, position, event_id, order_id, type, recorded_at, state, not_before, created_at)
SELECT $1, l.position, l.event_id, l.order_id, l.type, l.recorded_at, 'waiting', $3, $3
FROM partner_events l
WHERE l.position > $2 AND l.position <= $5 AND l.tenant = $6
  AND ($7::text IS NULL OR $7 = ANY(l.sellers)) AND l.type = ANY($8::text[])
  AND (l.type <> '{ADDRESS_TYPE}' OR (
    SELECT p.sees_addresses FROM partners p JOIN webhook_endpoints e USING (partner_id)
    WHERE e.endpoint_id = $1))
ORDER BY l.position LIMIT $4
ON CONFLICT (endpoint_id, position) DO UPDATE SET {_AGAIN}
RETURNING order_id, position AS place
"""
_LOG = """
SELECT delivery_id, event_id, order_id, type, state, attempts, not_before, created_at, ended_at
FROM webhook_deliveries
WHERE endpoint_id = $1 AND delivery_id < $2 AND ($3::text IS NULL OR order_id = $3)
  AND ($4::text IS NULL OR state = $4)
ORDER BY delivery_id DESC LIMIT $5
"""
_ONE = """
SELECT delivery_id, event_id, order_id, type, state, attempts, not_before, created_at, ended_at
FROM webhook_deliveries WHERE endpoint_id = $1 AND delivery_id = $2
"""
# Materialized: a plan for the first page would go through everybody's deliveries, newest first.
_OF_ORDER = """
WITH d AS MATERIALIZED (
    SELECT * FROM webhook_deliveries WHERE order_id = $1 AND delivery_id < $2)
SELECT d.delivery_id, d.event_id, d.order_id, d.type, d.state, d.attempts,
    greatest(d.not_before, e.paused_until) AS not_before, d.created_at, d.ended_at,
    d.endpoint_id, p.name AS partner, e.url, e.disabled_at IS NULL AS is_enabled,
    a.sent_at, a.status, a.error
FROM d
LEFT JOIN webhook_endpoints e USING (endpoint_id)
LEFT JOIN partners p USING (partner_id)
LEFT JOIN LATERAL (
    SELECT sent_at, status, error FROM webhook_attempts
    WHERE delivery_id = d.delivery_id ORDER BY attempt_id DESC LIMIT 1) a ON true
ORDER BY d.delivery_id DESC LIMIT $3
"""
_ATTEMPTS = """
SELECT sent_at, duration_ms, status, error, response_head, response_body
FROM webhook_attempts WHERE delivery_id = $1 ORDER BY attempt_id
"""
_OPEN_OF = f"""
SELECT count(*) FILTER (WHERE state IN {OPEN}) AS open,
    count(*) FILTER (WHERE state = 'failed') AS failed
FROM webhook_deliveries WHERE endpoint_id = $1 AND state <> 'delivered'
"""


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many will be delivered again, and where the last of them stands."""

    count: int
    last: int


@dataclass(frozen=True, slots=True)
class LoggedDelivery:
    """A row of the delivery log."""

    delivery_id: int
    event_id: str
    order_id: str
    type: str
    state: State
    attempts: int
    not_before: datetime
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class OrderDelivery:
    """A row of the delivery log, where it goes, and what its last attempt came to.

    ``partner`` and ``url`` are None once the endpoint was removed.
    """

    delivery: LoggedDelivery
    endpoint_id: str
    partner: str | None
    url: str | None
    is_enabled: bool
    sent_at: datetime | None
    status: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class LoggedAttempt:
    """``response_head`` and ``response_body`` are cut off after 2,000 characters."""

    sent_at: datetime
    duration_ms: int
    status: int | None
    error: str | None
    response_head: str
    response_body: str


async def replay_failed(
    db: Db, endpoint: Endpoint, after: int, limit: int, now: datetime
) -> Replayed:
    """What was given up, by delivery ids after ``after``; hold the deliveries' lock."""
    records = await db.fetch(_FAILED, endpoint.endpoint_id, after, now, limit)
    return await _arranged(db, endpoint, [(one["order_id"], one["place"]) for one in records])


async def replay_since(
    db: Db, endpoint: Endpoint, scope: Scope, span: tuple[int, int], limit: int, now: datetime
) -> Replayed:
    """All events at positions in ``span``, got before or not; hold the deliveries' lock.

    Whether addresses are granted is asked here: the asker was looked up before the lock was had.
    """
    after, until = span
    records = await db.fetch(
        _SINCE,
        endpoint.endpoint_id,
        after,
        now,
        limit,
        until,
        scope.tenant,
        scope.seller_id,
        list(endpoint.event_types),
    )
    return await _arranged(db, endpoint, [(one["order_id"], one["place"]) for one in records])


async def page(
    db: Db, endpoint_id: str, before: int, order_id: str | None, state: str | None, limit: int
) -> list[LoggedDelivery]:
    """The newest first."""
    records = await db.fetch(_LOG, endpoint_id, before, order_id, state, limit)
    return [LoggedDelivery(**one) for one in records]


async def one(db: Db, endpoint_id: str, delivery_id: int) -> LoggedDelivery | None:
    record = await db.fetchrow(_ONE, endpoint_id, delivery_id)
    return None if record is None else LoggedDelivery(**record)


async def of_order(db: Db, order_id: str, before: int, limit: int) -> list[OrderDelivery]:
    """The deliveries of an order's events to whomever, the newest first."""
    delivery = [one.name for one in fields(LoggedDelivery)]
    return [
        OrderDelivery(
            LoggedDelivery(**{name: row[name] for name in delivery}),
            **{name: value for name, value in row.items() if name not in delivery},
        )
        for row in await db.fetch(_OF_ORDER, order_id, before, limit)
    ]


async def attempts_of(db: Db, delivery_id: int) -> list[LoggedAttempt]:
    return [LoggedAttempt(**one) for one in await db.fetch(_ATTEMPTS, delivery_id)]


async def open_and_failed(db: Db, endpoint_id: str) -> tuple[int, int]:
    """How many deliveries are under way or wait, and how many were given up."""
    record = await db.fetchrow(_OPEN_OF, endpoint_id)
    assert record is not None
    return record["open"], record["failed"]


async def _arranged(db: Db, endpoint: Endpoint, places: Sequence[tuple[str, int]]) -> Replayed:
    await deliveries.arrange(db, [(endpoint.endpoint_id, order_id) for order_id, _ in places])
    return Replayed(len(places), max((place for _, place in places), default=0))
