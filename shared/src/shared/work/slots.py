"""Slots: how many calls to the outside are under way at once, and how many rows are in hand."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from shared.errors import Retryable

WAIT_S = 2.0  # Less than a lease is longer than a call, the services' LEASE_MARGIN_S.
WINDOW_S = 1.0
ROWS_MAX = 500


class NoSlot(Retryable):
    """Others kept all slots for as long as a row may wait: no call was made."""


@dataclass
class Slots:
    """``calls_max`` calls at a time; a row waits ``wait_s`` for a slot at most.

    Who answers quickly gets more at once only where more rows are in hand than calls are under
    way: before and after its call a row is in a transaction, which many share. So as many may be
    in hand as were done with in the last second, and one for each slot.
    """

    calls_max: int
    wait_s: float = WAIT_S
    _free: asyncio.Semaphore = field(init=False, repr=False)
    _ended_at: deque[float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._free = asyncio.Semaphore(self.calls_max)
        self._ended_at = deque(maxlen=ROWS_MAX)

    @property
    def rows_max(self) -> int:
        """How many rows may be in hand now."""
        since = asyncio.get_running_loop().time() - WINDOW_S
        while self._ended_at and self._ended_at[0] < since:
            self._ended_at.popleft()
        return self.calls_max + len(self._ended_at)

    @asynccontextmanager
    async def take(self) -> AsyncIterator[None]:
        """Hold a slot for the time of one call. Raises ``NoSlot``."""
        if not self._free.locked():
            await self._free.acquire()
        else:
            await self._wait()
        try:
            yield
        finally:
            self._free.release()
            self._ended_at.append(asyncio.get_running_loop().time())

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self.wait_s):
                await self._free.acquire()
        except TimeoutError:
            raise NoSlot from None
