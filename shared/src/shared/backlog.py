"""What waits in a service's tables: events for Kafka, calls to the outside, parked records."""

import asyncio
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from asyncpg import Pool, Record

from shared.database import Db
from shared.database.transient import is_transient
from shared.messaging.outbox import IS_ASIDE
from shared.observability import metrics

MEASURE_TIMEOUT_S = 2.0

_OUTBOX = f"""
SELECT count(*) AS rows, count(*) FILTER (WHERE {IS_ASIDE}) AS set_aside,
    extract(epoch FROM clock_timestamp() - min(created_at) FILTER (WHERE NOT {IS_ASIDE}))::float
    AS age
FROM outbox
"""
_WORK = """
SELECT kind, count(*) AS rows, count(lease_token) AS leased,
    extract(epoch FROM clock_timestamp() - min(created_at))::float AS age
FROM work_rows WHERE NOT done GROUP BY kind ORDER BY kind
"""
_OLDEST_WORK = """
SELECT id, order_id, kind, attempts, not_before, last_error, created_at, call_started_at,
    lease_owner, lease_until
FROM work_rows WHERE NOT done AND ($1::text IS NULL OR order_id = $1) ORDER BY id LIMIT 20
"""
_MAKE_DUE = """
WITH due AS (
    UPDATE work_rows SET not_before = least(not_before, $2)
    WHERE id = $1 AND NOT done AND lease_token IS NULL
)
SELECT order_id, kind, done, lease_token FROM work_rows WHERE id = $1
"""
_PARKED = "SELECT consumer, count(*) AS keys FROM parked_keys GROUP BY consumer"


async def read_outbox(pool: "Pool[Record]") -> Record:
    """``rows``, those of them ``set_aside``, and ``age`` of the oldest of the others in seconds.

    The age is None where there are no others; what is set aside waits on purpose.
    """
    row = await pool.fetchrow(_OUTBOX)
    assert row is not None
    return row


async def read_work(pool: "Pool[Record]") -> list[Record]:
    """``kind``, ``rows``, ``leased`` and ``age`` of the oldest in seconds."""
    return list(await pool.fetch(_WORK))


async def read_oldest_work(pool: "Pool[Record]", order_id: str | None = None) -> list[Record]:
    """The twenty oldest calls that are not done, of all or of one order, with last errors."""
    return list(await pool.fetch(_OLDEST_WORK, order_id))


async def make_due(db: Db, row_id: int, now: datetime) -> Record | None:
    """Let a call that waits be taken up now; the row as it was, None when there is none."""
    return await db.fetchrow(_MAKE_DUE, row_id, now)


async def measure(pool: "Pool[Record]") -> None:
    """Set the gauges, in two seconds at most; what cannot be measured has none."""
    try:
        async with asyncio.timeout(MEASURE_TIMEOUT_S):
            outbox, work = await read_outbox(pool), await read_work(pool)
            parked = await pool.fetch(_PARKED)
    except Exception as error:
        if not is_transient(error):
            raise
        _set({"rows": math.nan, "age": math.nan}, (), ())
        metrics.BACKLOG_UNMEASURED.set(1)
    else:
        _set(dict(outbox), work, parked)
        metrics.BACKLOG_UNMEASURED.set(0)


def _set(outbox: Mapping[str, Any], work: Sequence[Record], parked: Sequence[Record]) -> None:
    """All at once, so that two who ask at the same time both get all of it."""
    for gauge in (metrics.WORK_ROWS, metrics.WORK_AGE, metrics.PARKED_KEYS):
        gauge.clear()
    metrics.OUTBOX_ROWS.set(outbox["rows"])
    metrics.OUTBOX_AGE.set(outbox["age"] or 0)
    for row in work:
        metrics.WORK_ROWS.labels(row["kind"]).set(row["rows"])
        metrics.WORK_AGE.labels(row["kind"]).set(row["age"])
    for row in parked:
        metrics.PARKED_KEYS.labels(row["consumer"]).set(row["keys"])
