"""Told to stop, a service takes in no more and finishes what it began, whatever hangs."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

from shared.running import _Process


class Hanging:
    """A broker whose consumer cannot finish its batch, as without a database."""

    async def stop(self) -> None:
        await asyncio.get_running_loop().create_future()


class Failing:
    async def stop(self) -> None:
        raise ConnectionError


class Working:
    """A worker that leases until it is cancelled and has one call under way."""

    def __init__(self) -> None:
        self.leases = True
        self.finished = False

    async def run(self) -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self.leases = False

    async def drain(self, timeout_s: float) -> None:
        await asyncio.sleep(0)
        assert not self.leases, "it would begin more calls"
        self.finished = True


def process(drain_timeout_s: float = 0.2) -> Any:
    settings = SimpleNamespace(
        drain_timeout_s=drain_timeout_s,
        database_url="postgresql://nobody@127.0.0.1:1/none",
        instance_name="test-0",
        database_connections_max=4,
    )
    service: Any = SimpleNamespace(name="test", settings=settings)
    return _Process(service)


async def drained(broker: Any) -> tuple[Working, float]:
    """How the worker ended, and after how many seconds."""
    worker, running = Working(), process()
    running._start("worker", worker.run)
    await asyncio.sleep(0)
    running._stop.set()
    started_at = time.monotonic()
    await running._drain(broker, SimpleNamespace(worker=worker), SimpleNamespace())
    return worker, time.monotonic() - started_at


async def test_a_consumer_that_hangs_does_not_cut_off_the_calls_under_way() -> None:
    worker, seconds = await drained(Hanging())

    assert worker.finished
    assert seconds < 2


async def test_a_consumer_that_cannot_stop_does_not_cut_off_the_rest() -> None:
    worker, _ = await drained(Failing())

    assert worker.finished


async def test_a_service_that_waits_for_its_database_can_be_stopped() -> None:
    waiting = process()
    running = asyncio.create_task(waiting.run())
    await asyncio.sleep(0)

    waiting._stop.set()

    assert await asyncio.wait_for(running, timeout=2) == 0
