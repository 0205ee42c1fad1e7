"""What waits in a service's tables: events for Kafka, calls to the outside, parked records."""

import asyncio
import math

from asyncpg import Pool, Record

from shared.database.transient import is_transient
from shared.observability import metrics

MEASURE_TIMEOUT_S = 2.0

_OUTBOX = """
SELECT count(*) AS rows, extract(epoch FROM clock_timestamp() - min(created_at))::float AS age
FROM outbox
"""
_WORK = """
SELECT kind, count(*) AS rows, count(lease_token) AS leased,
    extract(epoch FROM clock_timestamp() - min(created_at))::float AS age
FROM work_rows WHERE NOT done GROUP BY kind ORDER BY kind
"""
_OLDEST_WORK = """
SELECT id, order_id, kind, attempts, not_before, last_error FROM work_rows
WHERE NOT done ORDER BY id LIMIT 20
"""
_PARKED = "SELECT consumer, count(*) AS keys FROM parked_keys GROUP BY consumer"


async def read_outbox(pool: "Pool[Record]") -> Record:
    """``rows`` and ``age`` of the oldest in seconds, None when there is none."""
    row = await pool.fetchrow(_OUTBOX)
    assert row is not None
    return row


async def read_work(pool: "Pool[Record]") -> list[Record]:
    """``kind``, ``rows``, ``leased`` and ``age`` of the oldest in seconds."""
    return list(await pool.fetch(_WORK))


async def read_oldest_work(pool: "Pool[Record]") -> list[Record]:
    """The twenty oldest calls that are not done, with their last errors."""
    return list(await pool.fetch(_OLDEST_WORK))


async def measure(pool: "Pool[Record]") -> None:
    """Set the gauges, in two seconds at most; what cannot be measured has none."""
    for gauge in (metrics.OUTBOX_ROWS, metrics.OUTBOX_AGE):
        gauge.set(math.nan)
    for by_label in (metrics.WORK_ROWS, metrics.WORK_AGE, metrics.PARKED_KEYS):
        by_label.clear()
    metrics.BACKLOG_UNMEASURED.set(1)
    try:
        async with asyncio.timeout(MEASURE_TIMEOUT_S):
            await _measure(pool)
    except Exception as error:
        if not is_transient(error):
            raise
    else:
        metrics.BACKLOG_UNMEASURED.set(0)


async def _measure(pool: "Pool[Record]") -> None:
    outbox = await read_outbox(pool)
    metrics.OUTBOX_ROWS.set(outbox["rows"])
    metrics.OUTBOX_AGE.set(outbox["age"] or 0)
    for row in await read_work(pool):
        metrics.WORK_ROWS.labels(row["kind"]).set(row["rows"])
        metrics.WORK_AGE.labels(row["kind"]).set(row["age"])
    for row in await pool.fetch(_PARKED):
        metrics.PARKED_KEYS.labels(row["consumer"]).set(row["keys"])
