"""What a connection is when it goes back to its pool, and what a commit on it means."""

import asyncio
from collections.abc import Awaitable, Callable

from shared.database.pool import open_pool

from tests.support.tally import TallyService

_OPEN = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND state LIKE 'idle in transaction%'
"""


async def test_what_was_cancelled_is_not_committed_by_whoever_comes_next(
    service: TallyService,
) -> None:
    written = asyncio.Event()

    async def write_and_hang() -> None:
        async with service.transactions.begin() as work:
            await work.db.execute("INSERT INTO heads (order_id) VALUES ('cancelled')")
            written.set()
            await asyncio.get_running_loop().create_future()

    writing = asyncio.create_task(write_and_hang())
    await written.wait()
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)

    assert await service.value(_OPEN) == 0
    async with service.transactions.begin() as work:
        await work.db.execute("INSERT INTO heads (order_id) VALUES ('next')")
    found = await service.fetch("SELECT order_id FROM heads")
    assert [row["order_id"] for row in found] == ["next"]


async def test_a_commit_is_on_the_disk_when_it_is_answered(
    database: Callable[[str], Awaitable[str]],
) -> None:
    """Whatever a session of ours may leave out for speed, it is not that."""
    pool = await open_pool(await database("durable"), "durable", connections_max=2)
    try:
        shown = [await pool.fetchval(f"SHOW {name}") for name in ("fsync", "synchronous_commit")]
    finally:
        await pool.close()

    assert shown == ["on", "on"]
