"""A partner of every arena: its receiver keeps what came, and it knows no more than its secret."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from tests.proof.judges import webhooks
from tests.proof.judges.kafka import Told
from tests.support.receivers import Receivers
from tests.support.shop import Shop
from tests.support.waiting import ticks

NAME = "proof"
LOOKS_PER_S = 0.1
# It keeps up with any run; the usual limits are for one that must be spared.
LIMITS = {"rate_per_s": 1_000, "concurrency_max": 32}


class Partner:
    """One endpoint that is always well; faults register more of them beside it."""

    def __init__(self, shop: Shop, servers: Receivers) -> None:
        self.servers = servers
        self._shop = shop
        self._secret = self._endpoint_id = ""
        self._told: list[Told] = []
        self._place = f"/ops/partners/{NAME}/webhook-endpoints"

    async def join(self) -> None:
        url = self._shop.url("notifications")
        answer = await self._shop.post(f"{url}/ops/partners", {"name": NAME})
        assert answer.status == 201, answer.body
        told = await self.register("ok", NAME, **LIMITS)
        self._secret, self._endpoint_id = told["secret"], told["endpoint_id"]

    async def register(self, how: str, name: str, **more: Any) -> dict[str, Any]:
        """An endpoint that answers as ``how`` says; ``more`` are limits and types it asks for."""
        url = self._shop.url("notifications") + self._place
        answer = await self._shop.post(url, {"url": self.servers.url(how, name), **more})
        assert answer.status == 201, answer.body
        return dict(answer.body)

    async def leave(self, endpoint_id: str) -> None:
        url = f"{self._shop.url('notifications')}{self._place}/{endpoint_id}"
        async with self._shop.http.delete(url) as answer:
            assert answer.status == 204

    async def standing(self, endpoint_id: str) -> dict[str, Any]:
        url = f"{self._shop.url('notifications')}{self._place}/{endpoint_id}"
        return dict((await self._shop.get(url)).body)

    async def is_owed(self) -> bool:
        """Whether something is to come yet to the endpoint that is well."""
        page = f"{self._endpoint_id}/deliveries?state=pending&limit=1"
        return bool((await self.standing(page))["deliveries"])

    @asynccontextmanager
    async def looking(self) -> AsyncIterator[None]:
        """Look at what comes while it is fresh: minutes later it is too old to be verified."""

        async def look() -> None:
            async for _ in ticks(LOOKS_PER_S, 1_000_000):
                self._look()

        looks = asyncio.create_task(look())
        try:
            yield
        finally:
            looks.cancel()
            await asyncio.gather(looks, return_exceptions=True)

    def _look(self) -> None:
        fresh = self.servers.by_name[NAME][len(self._told) :]
        self._told += webhooks.read(self._secret, [(one.headers, one.body) for one in fresh])

    def told(self) -> list[Told]:
        """Everything that has come to the endpoint that is well."""
        self._look()
        return [replace(one, offset=place) for place, one in enumerate(self._told)]
