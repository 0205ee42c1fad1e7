"""Orders asked for once while a fault lasts, to see what the API says; seen through afterwards."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

from tests.proof.arena import Arena
from tests.proof.judges.journal import Intent
from tests.support.waiting import eventually

NO_ANSWER = 0


@dataclass
class Probes:
    """``statuses`` counts the first answers, 0 when there was none; ``slowest_s`` by status."""

    arena: Arena
    statuses: Counter[int] = field(default_factory=Counter)
    slowest_s: dict[int, float] = field(default_factory=dict)
    unhelpful: int = 0
    _orders: list[tuple[Intent, bytes]] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def of(cls, arena: Arena) -> AsyncIterator["Probes"]:
        """At the end every order that was asked for is repeated until it is answered."""
        probes = cls(arena)
        try:
            yield probes
        finally:
            load = arena.load
            await asyncio.gather(*(load.place(*order) for order in probes._orders))

    async def ask(self) -> int:
        """One more order, asked for once; gives the status."""
        load = self.arena.load
        intent, body = load.draw("tok_ok", [load.skus[0]])
        self._orders.append((intent, body))
        url = f"{self.arena.shop.url('orders')}/v1/orders"
        started = time.monotonic()
        try:
            answer = await self.arena.shop.post(url, body, intent.key)
        except (aiohttp.ClientError, TimeoutError):
            status = NO_ANSWER
        else:
            status = answer.status
            self.unhelpful += status == 503 and "Retry-After" not in answer.headers
        self.statuses[status] += 1
        took_s = time.monotonic() - started
        self.slowest_s[status] = max(took_s, self.slowest_s.get(status, 0.0))
        return status

    async def until_refused(self, count: int, timeout_s: float = 15.0) -> None:
        """Ask, one after the other, until so many are answered 503."""

        async def look() -> bool:
            await self.ask()
            return self.statuses[503] >= count

        await eventually(look, f"{count} answers 503", timeout_s)
