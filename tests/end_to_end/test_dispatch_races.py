"""500 confirmed orders, each cancelled as its parcel leaves: never goods out and money back."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass

from tests.support.builders import a_line
from tests.support.races import drawn_lots
from tests.support.shop import Answer, Shop
from tests.support.waiting import eventually, pause

ORDERS = 500
AT_ONCE = 20
HEAD_START_S = 0.03
SETTLED_WITHIN_S = 60
PRICE = 250


@dataclass
class Race:
    order_id: str
    cancelled: Answer
    sent: Answer


async def test_a_parcel_that_left_is_paid_and_a_cancelled_one_stays(two: Shop) -> None:
    """The witness: each of the two won some of the races."""
    sku = await two.new_sku(ORDERS)
    room = asyncio.Semaphore(AT_ONCE)
    with drawn_lots() as luck:

        async def one() -> Race:
            async with room:
                return await _race(two, sku, luck)

        races = await asyncio.gather(*(one() for _ in range(ORDERS)))
        ends = await _ends(two, races)

        for race in races:
            end = ends[race.order_id]
            assert race.sent.status == (201 if end == "shipped" else 409), (race, end)
            assert race.cancelled.status == 202 or end == "shipped", (race, end)
        await _money_follows(two, ends)
        shipped = Counter(ends.values())["shipped"]
        assert 0 < shipped < ORDERS
        stock = await two.stock(sku)
        assert (stock["on_hand"], stock["reserved"]) == (ORDERS - shipped, 0)


async def _race(shop: Shop, sku: str, luck: random.Random) -> Race:
    order_id = await shop.place(a_line(sku, unit_price_minor=PRICE))
    assert (await shop.outcome(order_id))["status"] == "confirmed"
    opened = await shop.fulfilment_order(order_id)
    url = f"{shop.url('inventory')}/v1/fulfilment-orders/{opened['fulfilment_order_id']}/shipments"
    parcel = {
        "lines": [{"sku": sku, "quantity": 1}],
        "carrier": "Royal Post",
        "tracking_number": "RP1",
    }

    async def send() -> Answer:
        # A cancellation asks inventory through Kafka, so the parcel gives it a head start.
        await pause(luck.uniform(0, HEAD_START_S))
        return await shop.post(url, parcel)

    cancelled, sent = await asyncio.gather(shop.cancel(order_id), send())
    return Race(order_id, cancelled, sent)


async def _ends(shop: Shop, races: list[Race]) -> dict[str, str]:
    ends: dict[str, str] = {}

    async def look() -> bool:
        for race in races:
            if ends.get(race.order_id) not in ("shipped", "cancelled"):
                ends[race.order_id] = (await shop.order(race.order_id))["status"]
        return set(ends.values()) <= {"shipped", "cancelled"}

    await eventually(look, "every order shipped or cancelled", SETTLED_WITHIN_S)
    return ends


async def _money_follows(shop: Shop, ends: dict[str, str]) -> None:
    expected = {one: PRICE if end == "shipped" else 0 for one, end in ends.items()}

    async def look() -> bool:
        held = await shop.money()
        return all(held[order_id] == minor for order_id, minor in expected.items())

    await eventually(look, "money as the orders ended", SETTLED_WITHIN_S)
    await shop.drained(SETTLED_WITHIN_S)
    await shop.books_agree(list(ends))
