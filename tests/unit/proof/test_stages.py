"""What runs in a thread beside the other stages ends when the run does."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from tests.proof.stages import _told_to_stop
from tests.simulation.report import Report

ENDS_WITHIN_S = 10.0


async def test_a_simulation_in_its_thread_ends_when_the_run_is_cancelled() -> None:
    begun, ended = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def play(show: Callable[[Report], None]) -> Report:
        loop.call_soon_threadsafe(begun.set)
        try:
            while True:
                show(Report())
        except InterruptedError:
            ended.set()
            raise

    task = asyncio.create_task(_told_to_stop(play, lambda _: None))
    await begun.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(ended.wait, ENDS_WITHIN_S)
