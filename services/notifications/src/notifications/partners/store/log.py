"""The partners' log: appended by one transaction after the other, read by position."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from asyncpg import Record
from shared.database import Db
from shared.database.writes import Writer

from notifications.partners.domain.log import LogEvent, Scope

_TAKE = "UPDATE partner_log SET position = position + $1 RETURNING position - $1 + 1"
_APPEND = """
INSERT INTO partner_events (position, event_id, type, tenant, order_id, sequence, sellers,
    seller_sequences, occurred_at, data, recorded_at, traceparent)
SELECT u.position, u.event_id, u.type, u.tenant, u.order_id, u.sequence,
    ARRAY(SELECT jsonb_array_elements_text(u.sellers)),
    ARRAY(SELECT jsonb_array_elements_text(u.numbers)::integer), u.occurred_at, u.data, $11,
    nullif(u.traceparent, '')
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::integer[],
    $7::jsonb[], $8::jsonb[], $9::text[], $10::text[], $12::text[])
    u(position, event_id, type, tenant, order_id, sequence, sellers, numbers, occurred_at, data,
        traceparent)
"""
COLUMNS = (
    *("position", "event_id", "type", "tenant", "order_id", "sequence", "sellers"),
    *("seller_sequences", "occurred_at", "data", "traceparent"),
)
_COLUMNS = ", ".join(COLUMNS)
_HEAD = "SELECT position, oldest FROM partner_log"
_READ = f"""
SELECT {_COLUMNS} FROM partner_events
WHERE position > $1 AND position <= $2 AND tenant = $3
  AND ($4::text IS NULL OR $4 = ANY(sellers)) AND type = ANY($5::text[])
ORDER BY position LIMIT $6
"""
_FIND = f"SELECT {_COLUMNS} FROM partner_events WHERE event_id = $1"
# A transaction's time is from before it waited for its positions, which takes no minute.
_BEFORE = """
SELECT coalesce(min(position) - 1, (SELECT position FROM partner_log)) FROM partner_events
WHERE recorded_at >= $1 AND recorded_at < interval '1 minute'
    + (SELECT min(recorded_at) FROM partner_events WHERE recorded_at >= $1)
"""
_PARTITIONS = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'partner_events'::regclass AND c.relname <> 'partner_events_other'
"""
_PRUNE_OTHER = """
WITH gone AS (DELETE FROM partner_events_other WHERE recorded_at < $1 RETURNING position)
SELECT coalesce(max(position), 0) FROM gone
"""
_LAST_OF = "SELECT coalesce(max(position), 0) FROM {partition}"
# Behind the last that went: who was slow to commit may have an earlier place in a later week.
_OLDEST = "UPDATE partner_log SET oldest = greatest(oldest, $1)"


@dataclass(frozen=True, slots=True)
class Head:
    """The last ``position`` that is there, and the ``oldest`` that is still kept."""

    position: int
    oldest: int


async def take_positions(db: Db, count: int) -> int:
    """The first of ``count`` positions; nobody else takes any until this transaction ends."""
    first: int = await db.fetchval(_TAKE, count)
    return first


async def append(db: Writer, first: int, events: Sequence[LogEvent], now: datetime) -> None:
    """Write ``events`` at ``first`` and the positions behind it."""
    await db.execute(
        _APPEND,
        list(range(first, first + len(events))),
        [one.event_id for one in events],
        [one.type for one in events],
        [one.tenant for one in events],
        [one.order_id for one in events],
        [one.sequence for one in events],
        [json.dumps(one.sellers) for one in events],
        [json.dumps(one.seller_sequences) for one in events],
        [one.occurred_at for one in events],
        [one.data for one in events],
        now,
        [one.traceparent for one in events],
    )


async def head(db: Db) -> Head:
    record = await db.fetchrow(_HEAD)
    assert record is not None
    return Head(record["position"], record["oldest"])


async def read(
    db: Db, scope: Scope, types: Sequence[str], after: int, until: int, limit: int
) -> list[LogEvent]:
    """Events of ``scope`` and ``types`` at positions in (``after``, ``until``], in order."""
    allowed = scope.allowed(types)
    records = await db.fetch(_READ, after, until, scope.tenant, scope.seller_id, allowed, limit)
    return [logged(one) for one in records]


async def find(db: Db, event_id: str) -> LogEvent | None:
    record = await db.fetchrow(_FIND, event_id)
    return None if record is None else logged(record)


async def position_before(db: Db, moment: datetime) -> int:
    """After which position all is that was recorded at ``moment`` or later."""
    position: int = await db.fetchval(_BEFORE, moment)
    return position


async def keep_partitions(db: Db, now: datetime, keep: timedelta, weeks_ahead: int) -> list[str]:
    """Make the partitions of the weeks to come, drop those that are too old; gives their names.

    Whoever appends has the positions first and then the table, so that is the order here too.
    """
    await take_positions(db, 0)
    there = {one["relname"] for one in await db.fetch(_PARTITIONS)}
    monday = now.date() - timedelta(days=now.weekday())
    for week in range(1, weeks_ahead + 1):
        await _make(db, monday + timedelta(weeks=week), there)
    kept_since = (now - keep).date()
    old = [name for name in sorted(there) if _monday_of(name) + timedelta(weeks=1) <= kept_since]
    last = await db.fetchval(_PRUNE_OTHER, now - keep)
    for name in old:
        last = max(last, await db.fetchval(_LAST_OF.format(partition=name)))
        await db.execute(f"DROP TABLE {name}")
    await db.execute(_OLDEST, last + 1)
    return old


async def _make(db: Db, monday: date, there: set[str]) -> None:
    name = f"partner_events_{monday:%Y%m%d}"
    if name not in there:
        until = monday + timedelta(weeks=1)
        await db.execute(
            f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF partner_events "
            f"FOR VALUES FROM ('{monday} 00:00:00+00') TO ('{until} 00:00:00+00')"
        )


def _monday_of(partition: str) -> date:
    return datetime.strptime(partition.rpartition("_")[2], "%Y%m%d").date()  # noqa: DTZ007


def logged(record: Record) -> LogEvent:
    """A row of the log, alone or beside a delivery."""
    return LogEvent(
        event_id=record["event_id"],
        type=record["type"],
        tenant=record["tenant"],
        order_id=record["order_id"],
        sequence=record["sequence"],
        sellers=tuple(record["sellers"]),
        seller_sequences=tuple(record["seller_sequences"]),
        occurred_at=record["occurred_at"],
        data=record["data"],
        position=record["position"],
        traceparent=record["traceparent"] or "",
    )
