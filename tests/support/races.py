"""Orders whose buyer cancels at a random moment, while payments charges and the warehouse packs."""

import asyncio
import random
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.support.builders import a_line
from tests.support.shop import Answer, Shop
from tests.support.waiting import eventually, pause

AT_ONCE = 20
# Some charges fail at first or take longer than payments waits: a cancellation meets the unknown.
TOKENS = ("tok_ok",) * 16 + ("tok_error_then_ok", "tok_error_then_ok", "tok_slow", "tok_declined")
ENDED = ("cancelled", "rejected", "expired")


@dataclass
class Race:
    """One order. ``cancel_after_s`` counts from its placing; ``keen`` is a warehouse that sends

    the parcel as soon as it is told of it. ``answer`` is what the buyer was told.
    """

    token: str
    cancel_after_s: float | None
    keen: bool
    order_id: str = ""
    answer: Answer | None = None
    dispatched_after_s: float | None = None


@dataclass
class Races:
    """``run`` are all that were begun, each for one unit of ``sku``."""

    shop: Shop
    sku: str
    luck: random.Random
    run: list[Race] = field(default_factory=list)

    async def rehearse(self, orders: int) -> tuple[float, float]:
        """How many seconds a capture and a dispatch take here and now, when nobody cancels.

        The first half is not counted: a stack just started is slow at first.
        """
        warm_up = [Race("tok_ok", None, keen=True) for _ in range(orders // 2)]
        rehearsed = [Race("tok_ok", None, keen=True) for _ in range(orders // 2)]
        await self.hold(warm_up)
        await self.hold(rehearsed)
        sent = [one.dispatched_after_s for one in rehearsed if one.dispatched_after_s is not None]
        return await self._capture_s(rehearsed), statistics.median(sent)

    def draw(self, races: int, capture_s: float, dispatch_s: float) -> list[Race]:
        """Cancellations up to twice as late as the capture, or as the dispatch."""
        drawn = []
        for number in range(races):
            cancel_after_s = self.luck.uniform(0, 2 * self.luck.choice((capture_s, dispatch_s)))
            drawn.append(Race(self.luck.choice(TOKENS), cancel_after_s, keen=number % 3 == 0))
        return drawn

    async def hold(self, races: Sequence[Race]) -> None:
        """Run ``races``, at most ``AT_ONCE`` of them at once."""
        self.run += races
        room = asyncio.Semaphore(AT_ONCE)

        async def one(race: Race) -> None:
            async with room:
                await self._one(race)

        await asyncio.gather(*(one(race) for race in races))

    async def _one(self, race: Race) -> None:
        line = a_line(self.sku)
        race.order_id = await self.shop.place(line, token=race.token, instance=self._instance())
        await asyncio.gather(self._cancel(race), self._send(race, time.monotonic()))

    async def _cancel(self, race: Race) -> None:
        if race.cancel_after_s is not None:
            await pause(race.cancel_after_s)
            race.answer = await self.shop.cancel(race.order_id, self._instance())

    async def _send(self, race: Race, placed_at: float) -> None:
        """Send the parcel as soon as that is asked for, unless the order ends first."""
        if not race.keen:
            return
        fulfilment_order_id = await self._asked_for(race.order_id)
        if fulfilment_order_id is None:
            return
        answer = await self.shop.post(
            f"{self.shop.url('inventory')}/v1/fulfilment-orders/{fulfilment_order_id}/shipments",
            {
                "lines": [{"sku": self.sku, "quantity": 1}],
                "carrier": "Royal Post",
                "tracking_number": "RP1",
            },
        )
        assert answer.status in (201, 409), answer.body
        if answer.status == 201:
            race.dispatched_after_s = time.monotonic() - placed_at

    async def _asked_for(self, order_id: str) -> str | None:
        url = f"{self.shop.url('inventory')}/v1/fulfilment-orders?order_id={order_id}"

        async def look() -> Any:
            if found := (await self.shop.get(url)).body["fulfilment_orders"]:
                return found
            return (await self.shop.order(order_id))["status"] in ENDED

        found = await eventually(look, f"{order_id} to be sent, or ended")
        return None if found is True else str(found[0]["fulfilment_order_id"])

    async def _capture_s(self, races: Sequence[Race]) -> float:
        """The median from an order's placing to the provider's capture, by their own clocks."""
        booked = await self.shop.book(*(one.order_id for one in races))
        took = [
            _moment(one["at"]) - _moment((await self.shop.order(one["order_id"]))["placed_at"])
            for one in booked
            if one["op"] == "capture"
        ]
        return statistics.median(took)

    def _instance(self) -> int:
        return self.luck.randrange(self.shop.system.config.instances)


@contextmanager
def drawn_lots() -> Iterator[random.Random]:
    """Random numbers; a failure tells their seed, which brings the same moments again."""
    seed = random.SystemRandom().randrange(2**32)
    try:
        yield random.Random(seed)
    except BaseException as error:
        error.add_note(f"the lots were drawn with seed {seed}")
        raise


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
