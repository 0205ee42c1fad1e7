"""Waiting for a condition with a deadline; the only place in the tests that sleeps."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

INTERVAL_S = 0.05


async def eventually(look: Callable[[], Awaitable[T]], what: str, timeout_s: float = 30.0) -> T:
    """The first truthy answer of ``look``; fails with ``what`` when there is none in time."""
    give_up_at = time.monotonic() + timeout_s
    while True:
        found = await look()
        if found:
            return found
        if time.monotonic() > give_up_at:
            raise AssertionError(f"not within {timeout_s:g} s: {what} (last seen: {found!r})")
        await asyncio.sleep(INTERVAL_S)


async def throughout(holds: Callable[[], Awaitable[bool]], what: str, duration_s: float) -> None:
    """``holds`` is true at every look for so long; for what must *not* happen."""
    end_at = time.monotonic() + duration_s
    while time.monotonic() < end_at:
        assert await holds(), what
        await asyncio.sleep(INTERVAL_S)


async def pause(duration_s: float) -> None:
    """Let a fault last; never to wait for an effect."""
    await asyncio.sleep(duration_s)


async def ticks(per_s: float, count: int) -> AsyncIterator[int]:
    """``count`` moments, ``per_s`` a second by the clock, whatever is done in between."""
    started_at = time.monotonic()
    for number in range(count):
        await asyncio.sleep(max(0.0, started_at + number / per_s - time.monotonic()))
        yield number
