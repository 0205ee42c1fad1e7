"""Partners who wait for the log are looked for; while nobody does, nothing is."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from notifications.partners.watch import LogWatch

# Without a database: a look that went to it would fail.
RUNNING: Any = SimpleNamespace()


async def test_nobody_asks_the_database_while_nobody_waits() -> None:
    watch = LogWatch()
    assert not await watch.until_behind(1, 0.01)
    looking = asyncio.create_task(watch.look(RUNNING))
    assert not (await asyncio.wait({looking}, timeout=2 * LogWatch.INTERVAL_S))[0]

    asking = asyncio.create_task(watch.until_behind(1, 5.0))

    with pytest.raises(AttributeError, match="pool"):
        await asyncio.wait_for(looking, 10 * LogWatch.INTERVAL_S)
    asking.cancel()
