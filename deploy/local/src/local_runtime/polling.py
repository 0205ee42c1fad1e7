"""Waits for a condition with a deadline."""

import asyncio
import time
from collections.abc import Awaitable, Callable


class StillWaitingError(TimeoutError):
    """The condition did not come true in time."""


async def until(
    condition: Callable[[], Awaitable[bool]],
    *,
    timeout_s: float,
    what: str,
    interval_s: float = 0.05,
) -> None:
    """Return as soon as ``condition`` holds; raise when ``timeout_s`` has passed."""
    deadline_s = time.monotonic() + timeout_s
    while not await condition():
        if time.monotonic() >= deadline_s:
            raise StillWaitingError(f"{what}: not within {timeout_s:g} s")
        await asyncio.sleep(interval_s)
