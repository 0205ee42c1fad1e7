"""Endpoints: what their partners set, who serves them, and how they stand."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from asyncpg import Record
from shared.database import Db

from notifications.partners.domain.endpoint import Endpoint

COLUMNS = (
    "endpoint_id",
    "partner_id",
    "url",
    "description",
    "event_types",
    "rate_per_s",
    "concurrency_max",
    "created_at",
    "secret",
    "previous_secret",
    "previous_until",
    "disabled_at",
    "disabled_reason",
    "failing_since",
    "seller_id",
    "earlier_secrets",
    "earlier_until",
)
_LISTS = ("event_types", "earlier_secrets", "earlier_until")
_NAMES = ", ".join(COLUMNS)
_VALUES = ", ".join(f"${number}" for number in range(1, len(COLUMNS) + 1))
# Fan-out and replays hold it alone; who registers or records holds it with others.
DELIVERIES_LOCK = 0x77686B73
_LOCK = f"SELECT pg_advisory_xact_lock({DELIVERIES_LOCK})"
_LOCK_SHARED = f"SELECT pg_advisory_xact_lock_shared({DELIVERIES_LOCK})"

_COUNT = "SELECT count(*) FROM webhook_endpoints WHERE partner_id = $1"
_ADD = f"""
INSERT INTO webhook_endpoints ({_NAMES}, since_position) SELECT {_VALUES}, position FROM partner_log
"""
_SAVE = f"""
UPDATE webhook_endpoints SET ({_NAMES}) = ({_VALUES}) WHERE endpoint_id = $1
"""
_END_PAUSE = "UPDATE webhook_endpoints SET paused_until = NULL WHERE endpoint_id = $1"
_REMOVE = """
WITH gone AS (DELETE FROM webhook_endpoints WHERE endpoint_id = $1)
DELETE FROM webhook_deliveries WHERE endpoint_id = $1 AND state IN ('waiting', 'pending')
"""
_FIND = f"""
SELECT {_NAMES} FROM webhook_endpoints WHERE partner_id = $1 AND endpoint_id = $2
"""
_OF_PARTNER = f"""
SELECT {_NAMES} FROM webhook_endpoints WHERE partner_id = $1 AND endpoint_id > $2
ORDER BY endpoint_id LIMIT $3
"""
_ANY = f"SELECT {_NAMES} FROM webhook_endpoints WHERE endpoint_id > $1 ORDER BY 1 LIMIT $2"

# Materialized: a plan made for a small table would look anew at each row that it updates.
_CLAIM = """
WITH due AS MATERIALIZED (
    SELECT endpoint_id FROM webhook_endpoints e
    WHERE e.disabled_at IS NULL AND (e.served_until IS NULL OR e.served_until < $2)
      AND (e.paused_until IS NULL OR e.paused_until <= $2)
      AND EXISTS (SELECT FROM webhook_deliveries d WHERE d.endpoint_id = e.endpoint_id
        AND d.state = 'pending' AND d.not_before <= $2)
    ORDER BY endpoint_id LIMIT $4 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE webhook_endpoints e
SET served_by = $1, served_until = $2::timestamptz + $3, serve_token = gen_random_uuid()
FROM due WHERE e.endpoint_id = due.endpoint_id
RETURNING e.endpoint_id, e.serve_token, e.rate_per_s, e.concurrency_max,
    e.failing_since IS NOT NULL AS failing
"""
_RENEW = """
UPDATE webhook_endpoints SET served_until = $2::timestamptz + $3
WHERE serve_token = ANY($1::uuid[]) RETURNING serve_token
"""
_RELEASE = """
UPDATE webhook_endpoints SET served_by = NULL, served_until = NULL, serve_token = NULL
WHERE serve_token = ANY($1::uuid[])
"""
_RELEASE_OWN = """
UPDATE webhook_endpoints SET served_by = NULL, served_until = NULL, serve_token = NULL
WHERE served_by = $1
"""
# Those that fail are late by their own doing.
_OVERDUE = """
SELECT extract(epoch FROM $1 - min(d.not_before))::float
FROM webhook_endpoints e CROSS JOIN LATERAL (
    SELECT not_before FROM webhook_deliveries d
    WHERE d.endpoint_id = e.endpoint_id AND d.state = 'pending' AND d.not_before <= $1
    ORDER BY d.not_before LIMIT 1) d
WHERE e.disabled_at IS NULL AND e.failing_since IS NULL
  AND (e.paused_until IS NULL OR e.paused_until <= $1)
"""
_NOTICED = """
SELECT p.name, p.contact_email, e.url
FROM webhook_endpoints e JOIN partners p USING (partner_id) WHERE e.endpoint_id = $1
"""
_STAND = """
UPDATE webhook_endpoints e
SET failing_since = CASE WHEN u.well THEN NULL ELSE coalesce(e.failing_since, $6::timestamptz) END,
    paused_until = coalesce(u.paused_until, e.paused_until),
    disabled_at = CASE WHEN u.disabled IS NULL THEN e.disabled_at
        ELSE coalesce(e.disabled_at, $6::timestamptz) END,
    disabled_reason = coalesce(e.disabled_reason, u.disabled)
FROM unnest($1::text[], $2::uuid[], $3::boolean[], $4::timestamptz[], $5::text[])
    u(endpoint_id, token, well, paused_until, disabled)
WHERE e.endpoint_id = u.endpoint_id AND e.serve_token = u.token
  AND (u.well = (e.failing_since IS NOT NULL) OR u.paused_until IS NOT NULL
    OR u.disabled IS NOT NULL)
RETURNING e.endpoint_id, u.disabled IS NOT NULL AND e.disabled_at = $6 AS newly
"""


@dataclass(frozen=True, slots=True)
class Served:
    """An endpoint that this instance alone calls, as long as its token is the row's."""

    endpoint_id: str
    token: UUID
    rate_per_s: int
    concurrency_max: int
    failing: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """What attempts have shown of an endpoint: ``well`` when any was received."""

    endpoint_id: str
    token: UUID
    well: bool
    paused_until: datetime | None
    disabled: str | None


@dataclass(frozen=True, slots=True)
class Noticed:
    """Whom to tell of an endpoint, if its partner has left an address."""

    name: str
    contact_email: str | None = field(repr=False)
    url: str


async def noticed(db: Db, endpoint_id: str) -> Noticed | None:
    """None when it was removed meanwhile."""
    record = await db.fetchrow(_NOTICED, endpoint_id)
    return None if record is None else Noticed(**record)


async def lock_deliveries(db: Db, *, shared: bool) -> None:
    """Nobody fans out while it is shared; nobody registers or records while it is not."""
    await db.execute(_LOCK_SHARED if shared else _LOCK)


async def count(db: Db, partner_id: str) -> int:
    counted: int = await db.fetchval(_COUNT, partner_id)
    return counted


async def add(db: Db, endpoint: Endpoint) -> None:
    """It gets what is recorded from now on; hold the deliveries' lock.

    The fan-out may be far behind the log, as where webhooks were just turned on; what it has
    still to pass was recorded before and is not for this endpoint. What is recorded behind the
    position read here is fanned out only when the lock is free, and then the endpoint is seen.
    """
    await db.execute(_ADD, *_values(endpoint))


async def save(db: Db, endpoint: Endpoint) -> None:
    await db.execute(_SAVE, *_values(endpoint))


async def end_pause(db: Db, endpoint_id: str) -> None:
    """Whatever the endpoint had asked for, it may be called now."""
    await db.execute(_END_PAUSE, endpoint_id)


async def remove(db: Db, endpoint_id: str) -> None:
    """With what it was still to get; what it got stays in the log for its time."""
    await db.execute(_REMOVE, endpoint_id)


async def find(
    db: Db, partner_id: str, endpoint_id: str, *, locked: bool = False
) -> Endpoint | None:
    lock = " FOR NO KEY UPDATE" if locked else ""
    record = await db.fetchrow(_FIND + lock, partner_id, endpoint_id)
    return None if record is None else endpoint_of(record)


async def page(db: Db, partner_id: str | None, after: str, limit: int) -> list[Endpoint]:
    """A partner's endpoints, or without one those of all."""
    if partner_id is None:
        return [endpoint_of(one) for one in await db.fetch(_ANY, after, limit)]
    return [endpoint_of(one) for one in await db.fetch(_OF_PARTNER, partner_id, after, limit)]


async def claim(db: Db, owner: str, now: datetime, lease: timedelta, limit: int) -> list[Served]:
    """Take endpoints that have something due and that nobody serves."""
    records = await db.fetch(_CLAIM, owner, now, lease, limit)
    return [
        Served(
            one["endpoint_id"],
            one["serve_token"],
            one["rate_per_s"],
            one["concurrency_max"],
            one["failing"],
        )
        for one in records
    ]


async def renew(db: Db, tokens: Sequence[UUID], now: datetime, lease: timedelta) -> set[UUID]:
    """Those that are still ours."""
    return {one["serve_token"] for one in await db.fetch(_RENEW, list(tokens), now, lease)}


async def release(db: Db, tokens: Collection[UUID]) -> None:
    await db.execute(_RELEASE, list(tokens))


async def release_own(db: Db, owner: str) -> None:
    """A restarted instance has no calls under way: its name has one living owner."""
    await db.execute(_RELEASE_OWN, owner)


async def overdue_s(db: Db, now: datetime) -> float:
    """How long the first delivery to an endpoint that is well has been due; 0 when none is."""
    return await db.fetchval(_OVERDUE, now) or 0.0


async def stand(db: Db, standings: Sequence[Standing], now: datetime) -> set[str]:
    """Write down how endpoints stand, where that has changed; gives those it has disabled."""
    records = await db.fetch(
        _STAND,
        [one.endpoint_id for one in standings],
        [one.token for one in standings],
        [one.well for one in standings],
        [one.paused_until for one in standings],
        [one.disabled for one in standings],
        now,
    )
    return {one["endpoint_id"] for one in records if one["newly"]}


def endpoint_of(record: Record) -> Endpoint:
    values = {name: record[name] for name in COLUMNS}
    return Endpoint(**{**values, **{name: tuple(record[name]) for name in _LISTS}})


def _values(endpoint: Endpoint) -> list[object]:
    values = {name: getattr(endpoint, name) for name in COLUMNS}
    return list({**values, **{name: list(values[name]) for name in _LISTS}}.values())
