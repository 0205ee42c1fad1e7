"""Races of one order's ends: cancelled or charged, expired or confirmed, cancelled or sent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.proof.judges import book
from tests.proof.judges.journal import Intent
from tests.proof.races.meetings import Meetings
from tests.support.waiting import pause, ticks

AT_ONCE, PLACED_PER_S = 40, 80.0
# Some charges fail at first or take longer than payments waits: a cancellation meets the unknown.
TOKENS = ("tok_ok",) * 16 + ("tok_error_then_ok", "tok_error_then_ok", "tok_slow")
CANCEL_WITHIN_S, HEAD_START_MAX_S = 0.6, 0.5
# The provider answers around the deadline, and orders hear of it some tenths of a second later.
LATEST_S, SPREAD_S, MOODS_PER_S = 0.1, 2.0, 20.0


async def cancel_capture(meetings: Meetings) -> None:
    """A buyer cancels at a moment near that at which the card is charged."""
    load, luck, raced = meetings.load, meetings.luck, list[Intent]()

    async def meet(_: int) -> None:
        token, wait_s = luck.choice(TOKENS), CANCEL_WITHIN_S * luck.random() ** 2
        intent = await load.buy(token)
        await pause(wait_s)
        await load.cancel(intent)
        raced.append(intent)

    await meetings.hold(meet, AT_ONCE)
    await meetings.decided(*raced)
    charged = await _charged(meetings)
    for one in raced:
        meetings.wins["charged" if one.order_ids & charged else "cancelled uncharged"] += 1


async def deadline_confirm(meetings: Meetings) -> None:
    """The provider's answer comes at the moment at which the order's time is up."""
    raced: list[Intent] = []

    async def meet() -> None:
        raced.append(await meetings.load.buy("tok_slow"))

    async with _as_slow_as_the_deadline(meetings):
        await meetings.hold_at(PLACED_PER_S, meet)
    await meetings.decided(*raced)
    charged = await _charged(meetings)
    for one in raced:
        outcome = meetings.arena.watch.outcome[one.reference]
        also = "" if one.order_ids & charged else " uncharged"
        meetings.wins[outcome + also] += 1


async def cancel_dispatch(meetings: Meetings) -> None:
    """A buyer cancels a confirmed order while its parcel leaves the house."""
    load, luck = meetings.load, meetings.luck

    async def meet(_: int) -> None:
        # A cancellation asks inventory through Kafka, so the parcel gives it a head start.
        head_start_s = HEAD_START_MAX_S * luck.random()
        instance = luck.randrange(meetings.arena.instances)
        intent = await load.buy()
        await meetings.decided(intent)
        parcel = await load.fulfilment_order(intent)

        async def send() -> bool:
            await pause(head_start_s)
            return await load.send(intent, parcel, instance)

        sent, _cancelled = await asyncio.gather(send(), load.cancel(intent))
        meetings.wins["sent" if sent else "cancelled"] += 1

    await meetings.hold(meet, AT_ONCE)


@asynccontextmanager
async def _as_slow_as_the_deadline(meetings: Meetings) -> AsyncIterator[None]:
    """Slow calls take about as long as an order has, now a little more, now less."""
    arena, luck = meetings.arena, meetings.luck

    async def change() -> None:
        earlier_s = SPREAD_S * luck.random() ** 2
        await arena.provider(slow_s=arena.deadline_s + LATEST_S - earlier_s)

    async def keep_changing() -> None:
        async for _ in ticks(MOODS_PER_S, 1_000_000):
            await change()

    await change()
    changing = asyncio.create_task(keep_changing())
    try:
        yield
    finally:
        changing.cancel()
        await asyncio.gather(changing, return_exceptions=True)
        await arena.provider()


async def _charged(meetings: Meetings) -> set[str]:
    """The orders that the provider has captured money for until now."""
    arena = meetings.arena
    found = await book.read(arena.shop.http, arena.system.addresses.provider)
    return {one.order_id for one in found if one.op == "capture" and one.ok}
