"""Follows Kafka while a run lasts: which orders are decided, and since when."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.proof.judges.journal import Journal
from tests.proof.judges.kafka import ORDERS, OUTCOMES, Place, Reader, Told
from tests.support.waiting import pause

LOOK_EVERY_S = 0.15


@dataclass
class Watch:
    """``told`` is all since the run's start; ``decided_at`` by reference, in monotonic seconds."""

    reader: Reader
    since: Mapping[Place, int]
    told: list[Told] = field(default_factory=list)
    decided_at: dict[str, float] = field(default_factory=dict)
    outcome: dict[str, str] = field(default_factory=dict)

    def in_flight(self, journal: Journal) -> int:
        """Orders that somebody wants and that are not decided."""
        return sum(one not in self.decided_at for one in journal.intents)

    async def look(self) -> None:
        found = await self.reader.more()
        self.told += found
        for one in found:
            family = one.type.removeprefix("orders.order-").removesuffix(".v1")
            refused = one.type == "orders.storefront-order-refused.v1"
            if one.topic != ORDERS or not isinstance(one.data, dict):
                continue
            if family in OUTCOMES or refused:
                reference = str(one.data.get("client_reference"))
                self.decided_at.setdefault(reference, time.monotonic())
                self.outcome[reference] = "refused" if refused else family

    async def follow(self) -> None:
        """Until cancelled; a broker that is away is asked again."""
        while True:
            with contextlib.suppress(Exception):
                await self.look()
            await pause(LOOK_EVERY_S)


@asynccontextmanager
async def watching(bootstrap: str, prefix: str, since: Mapping[Place, int]) -> AsyncIterator[Watch]:
    watch = Watch(Reader(bootstrap, prefix, dict(since)), dict(since))
    following = asyncio.create_task(watch.follow())
    try:
        yield watch
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await watch.reader.close()
