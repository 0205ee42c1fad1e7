"""Retention: what only has to be known for a time goes after it, a few rows at a time."""

import asyncio
from datetime import timedelta

import structlog

from shared.contracts.topics import RETENTION_DAYS
from shared.service import Retention, Running, Service, Timer
from shared.settings import ServiceSettings, refuse

INTERVAL_S = 60.0
ROWS_MAX = 1_000
PASSES_MAX = 1_000
# Kafka drops whole segments: a record stays until its segment, open for a week, is old enough.
SEGMENT_DAYS = 7

# Rows that somebody has locked are left to the next pass, so that nobody waits for this one.
_PRUNE = """
{change} WHERE ctid = ANY(ARRAY(
    SELECT t.ctid FROM {table} t WHERE t.{column} < $1 AND ({condition})
    ORDER BY t.{column} LIMIT $2 FOR UPDATE SKIP LOCKED))
"""

log = structlog.get_logger(__name__)


def common(settings: ServiceSettings) -> tuple[Retention, ...]:
    """What every service forgets."""
    return (
        Retention("inbox", "received_at", timedelta(days=settings.inbox_retention_days)),
        Retention(
            "idempotency_keys", "created_at", timedelta(hours=settings.idempotency_retention_h)
        ),
        Retention(
            "work_rows", "created_at", timedelta(days=settings.work_retention_days), "t.done"
        ),
    )


def timer_of(service: Service) -> Timer:
    """Looks once a minute; with nothing too old that is one index lookup for each table."""
    rules = (*common(service.settings), *service.retention)

    async def act(running: Running) -> None:
        for rule in rules:
            await prune(running, rule)

    return Timer("retention", INTERVAL_S, act)


async def prune(running: Running, rule: Retention) -> int:
    """Forget what is too old, ``ROWS_MAX`` rows in each transaction; gives of how many.

    It rests as long as it works, so that a backlog takes half of one connection at most.
    """
    loop = asyncio.get_running_loop()
    pruned = 0
    for _ in range(PASSES_MAX):
        began = loop.time()
        found = await _forget(running, rule)
        pruned += found
        if found < ROWS_MAX:
            break
        await asyncio.sleep(loop.time() - began)
    if pruned:
        log.info("pruned", table=rule.table, rows=pruned)
    return pruned


async def _forget(running: Running, rule: Retention) -> int:
    table, forgets = rule.table, rule.forgets
    change = f"UPDATE {table} SET {forgets}" if forgets else f"DELETE FROM {table}"
    statement = _PRUNE.format(
        change=change, table=table, column=rule.column, condition=rule.condition
    )
    async with running.pool.acquire() as db:
        before = await running.clock.now(db) - rule.keep
        tag = await db.execute(statement, before, ROWS_MAX)
    return int(tag.rpartition(" ")[2])


def refuse_short_memory(service: Service) -> None:
    """Exit with code 78 when an event's id is forgotten while Kafka can still bring the event."""
    settings = service.settings
    if not service.has_inbox:
        return
    read = {topic for group in service.groups for topic in group.topics}
    kept_days = max((RETENTION_DAYS[topic] for topic in read), default=0)
    needed_days = kept_days + SEGMENT_DAYS
    if settings.inbox_retention_days < needed_days:
        refuse(
            f"{settings.variable('inbox_retention_days')}: at least {needed_days}, for Kafka keeps "
            f"what is read here {kept_days} days and each record until its segment ends; what "
            "comes again later would take effect twice"
        )
