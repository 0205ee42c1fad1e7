"""Rounds of the dispatcher come as often as the endpoints it serves may be called."""

import asyncio
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from notifications.pacing import INTERVAL_S_MIN
from notifications.partners.dispatcher import Dispatcher
from notifications.partners.lane import Lane


async def test_its_loop_takes_the_pace_of_whoever_may_be_called_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nothing: Any = SimpleNamespace()
    dispatcher = Dispatcher(nothing, nothing, nothing, owner="a", slots=8)
    lane = Lane("endpoint", uuid4(), rate_per_s=1_000, concurrency_max=8, trusted=True)
    dispatcher._lanes[lane.token] = lane
    second, rounds = asyncio.Event(), 0

    async def look(_: Dispatcher) -> int:
        nonlocal rounds
        rounds += 1
        if rounds == 2:
            second.set()
        return 1

    monkeypatch.setattr(Dispatcher, "_look", look)
    running = asyncio.create_task(dispatcher.run())
    async with asyncio.timeout(5):
        await second.wait()
    running.cancel()

    assert dispatcher._pace.interval_s_min == 8 / 1_000 < INTERVAL_S_MIN
