"""Who waits for an order is looked for; while nobody does, nothing is."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from orders.waiting import Waiting

# Without a database: a look that went to it would fail.
RUNNING: Any = SimpleNamespace()


async def test_nobody_asks_the_database_while_nobody_waits() -> None:
    waiting = Waiting()
    looking = asyncio.create_task(waiting.look(RUNNING))
    assert not (await asyncio.wait({looking}, timeout=2 * Waiting.INTERVAL_S))[0]

    asking = asyncio.create_task(waiting.until("ord_1", lambda *_: True, 5.0))

    with pytest.raises(AttributeError, match="pool"):
        await asyncio.wait_for(looking, 10 * Waiting.INTERVAL_S)
    asking.cancel()


async def test_it_rests_again_when_the_last_has_gone() -> None:
    waiting = Waiting()
    assert not await waiting.until("ord_1", lambda *_: True, 0.01)

    looking = asyncio.create_task(waiting.look(RUNNING))

    assert not (await asyncio.wait({looking}, timeout=2 * Waiting.INTERVAL_S))[0]
    looking.cancel()
