"""What people did: written down before a service is asked, and again with what came of it."""

from dataclasses import astuple, dataclass

import structlog
from shared.http.problem import DATABASE_FAILURES
from shared.service import Running

from console import store

NOT_YET = "Asked for; no answer is written down yet."

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """``target`` is what the ``service`` calls it, ``order_id`` the order that it is about."""

    operator: str
    action: str
    service: str
    target: str
    order_id: str | None = None
    reason: str | None = None


async def begin(running: Running, entry: Entry) -> int:
    """Its id, once it is committed. Raises what the database raises: then nobody is asked."""
    async with running.pool.acquire() as db:
        now = await running.clock.now(db)
        return await store.begin_action(db, now, *astuple(entry), NOT_YET)


async def end(running: Running, entry_id: int, status: int | None, says: str) -> None:
    """What came of it. It has been asked for, so a database that is away fails nothing more."""
    try:
        async with running.pool.acquire() as db:
            await store.end_action(db, entry_id, status, says)
    except DATABASE_FAILURES as error:
        log.warning("action-not-ended", id=entry_id, status=status, error=type(error).__name__)
