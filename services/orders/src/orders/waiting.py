"""Waiting for an order's outcome: one query per interval for all who wait in this process."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from typing import ClassVar

from shared.service import Running

from orders import store
from orders.domain.order import summary_of

Reached = Callable[[str], bool]


class Waiting:
    """Who waits for which order, and what for."""

    INTERVAL_S: ClassVar[float] = 0.2
    WAITERS_MAX: ClassVar[int] = 10_000

    def __init__(self) -> None:
        self._waiters: dict[str, list[tuple[Reached, asyncio.Future[None]]]] = defaultdict(list)
        self._count = 0

    async def until(self, order_id: str, reached: Reached, timeout_s: float) -> None:
        """Return when the order's status has ``reached`` it, or after ``timeout_s``."""
        if self._count >= self.WAITERS_MAX:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (reached, future)
        self._waiters[order_id].append(entry)
        self._count += 1
        try:
            async with asyncio.timeout(timeout_s):
                await future
        except TimeoutError:
            pass
        finally:
            self._forget(order_id, entry)

    async def look(self, running: Running) -> None:
        """Wake those whose order has got there; the service's timer calls this."""
        if not self._waiters:
            return
        async with running.pool.acquire() as db:
            rows = await store.summaries(db, list(self._waiters))
        for row in rows:
            summary = summary_of(row["status"], row["fulfilment"])
            for reached, future in self._waiters.get(row["order_id"], ()):
                if reached(summary) and not future.done():
                    future.set_result(None)

    def _forget(self, order_id: str, entry: tuple[Reached, "asyncio.Future[None]"]) -> None:
        self._count -= 1
        self._waiters[order_id].remove(entry)
        if not self._waiters[order_id]:
            del self._waiters[order_id]
