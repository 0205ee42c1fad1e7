"""Waiting for the log to grow: one query per interval for all who wait in this process."""

import asyncio
from typing import ClassVar

from shared.service import Running

from notifications.partners.store import log


class LogWatch:
    """``until`` is for requests; the service's timer calls ``look``."""

    INTERVAL_S: ClassVar[float] = 0.2
    WAITERS_MAX: ClassVar[int] = 10_000

    def __init__(self) -> None:
        self._waiters: dict[asyncio.Future[None], int] = {}
        self._asked = asyncio.Event()

    @property
    def has_room(self) -> bool:
        return len(self._waiters) < self.WAITERS_MAX

    async def until_behind(self, position: int, timeout_s: float) -> bool:
        """True when the log has something after ``position``, False after ``timeout_s``."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters[future] = position
        self._asked.set()
        try:
            async with asyncio.timeout(timeout_s):
                await future
            return True
        except TimeoutError:
            return False
        finally:
            del self._waiters[future]
            if not self._waiters:
                self._asked.clear()

    async def look(self, running: Running) -> None:
        """Wake those whom the log has passed; rests while nobody waits."""
        if not self._waiters:
            await self._asked.wait()
            await asyncio.sleep(self.INTERVAL_S / 2)
        async with running.pool.acquire() as db:
            head = await log.head(db)
        for future, position in self._waiters.items():
            if head.position > position and not future.done():
                future.set_result(None)
