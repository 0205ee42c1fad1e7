"""One at a time for each key within a process; who waits holds nothing else meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager


class TurnNotCome(Exception):
    """Others kept the turn for as long as we would wait."""


class Turns:
    """Whose turn it is, for keys in use; nothing is kept of the others."""

    def __init__(self) -> None:
        self._taken: dict[Hashable, asyncio.Event] = {}

    @asynccontextmanager
    async def take(self, key: Hashable, wait_s: float) -> AsyncIterator[None]:
        """Hold ``key``'s turn. Raises ``TurnNotCome`` when others keep it for ``wait_s``."""
        try:
            async with asyncio.timeout(wait_s):
                while key in self._taken:
                    await self._taken[key].wait()
        except TimeoutError:
            raise TurnNotCome from None
        self._taken[key] = over = asyncio.Event()
        try:
            yield
        finally:
            del self._taken[key]
            over.set()
