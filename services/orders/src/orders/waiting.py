"""Waiting for an order's outcome: one query per interval for all who wait in this process."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ClassVar

from shared.service import Running

from orders import store
from orders.domain.order import summary_of

Reached = Callable[[str, int], bool]
"""Whether an order's status and version are what somebody waits for."""


class Waiting:
    """Who waits for which order, and what for; ``streams`` counts those that follow one."""

    INTERVAL_S: ClassVar[float] = 0.2
    WAITERS_MAX: ClassVar[int] = 10_000

    def __init__(self) -> None:
        self._waiters: dict[str, list[tuple[Reached, asyncio.Future[None]]]] = defaultdict(list)
        self._count = 0
        self._asked = asyncio.Event()
        self.streams = 0

    @property
    def has_room(self) -> bool:
        return self._count < self.WAITERS_MAX

    @contextmanager
    def stream(self) -> Iterator[None]:
        """Be counted as a stream meanwhile."""
        self.streams += 1
        try:
            yield
        finally:
            self.streams -= 1

    async def until(self, order_id: str, reached: Reached, timeout_s: float) -> bool:
        """Return true when the order has ``reached`` it, false after ``timeout_s``."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (reached, future)
        self._waiters[order_id].append(entry)
        self._count += 1
        self._asked.set()
        try:
            async with asyncio.timeout(timeout_s):
                await future
            return True
        except TimeoutError:
            return False
        finally:
            self._forget(order_id, entry)

    async def look(self, running: Running) -> None:
        """Wake those whose order has got there; the service's timer calls this.

        It rests while nobody waits; whoever comes then is looked for as soon as with a timer that
        goes on, on average.
        """
        if not self._waiters:
            await self._asked.wait()
            await asyncio.sleep(self.INTERVAL_S / 2)
        async with running.pool.acquire() as db:
            rows = await store.summaries(db, list(self._waiters))
        for row in rows:
            summary = summary_of(row["status"], row["fulfilment"])
            for reached, future in self._waiters.get(row["order_id"], ()):
                if not future.done() and reached(summary, row["version"]):
                    future.set_result(None)

    def _forget(self, order_id: str, entry: tuple[Reached, "asyncio.Future[None]"]) -> None:
        self._count -= 1
        self._waiters[order_id].remove(entry)
        if not self._waiters[order_id]:
            del self._waiters[order_id]
        if not self._waiters:
            self._asked.clear()
