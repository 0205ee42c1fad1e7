"""The payment provider at its worst: silent, wrong, late; and buyers who cancel meanwhile."""

import asyncio
import random
from collections import Counter

from tests.proof.arena import Arena
from tests.proof.fault import Fault, Witness
from tests.proof.judges import book
from tests.support.judges import metric
from tests.support.waiting import eventually, pause

LASTS_S, ORDERS, RACES = 5.0, 30, 40


async def silent(arena: Arena, _: random.Random) -> Witness:
    """It does what was asked, or not, or later, and answers nothing."""
    asked = {"timeout_done_percent": 30, "timeout_not_done_percent": 25, "late_percent": 25}
    return await _awry(arena, "of its calls without an answer", 80, lost_get_percent=20, **asked)


async def failing(arena: Arena, _: random.Random) -> Witness:
    """500 to half of all calls, refunds too."""
    return await _awry(
        arena, "of its calls answered 500", 50, error_percent=50, refund_error_percent=50
    )


async def wrong(arena: Arena, luck: random.Random) -> Witness:
    """Answers that are no JSON, and charges of another amount: the latter are never paid."""
    tokens = [luck.choice(("tok_garbage", "tok_wrong_amount")) for _ in range(ORDERS)]
    intents = await asyncio.gather(*(arena.load.buy(token) for token in tokens))
    surplus = {min(one.order_ids): one for one in intents if one.token == "tok_wrong_amount"}

    async def charged() -> int:
        found = await book.read(arena.shop.http, arena.system.addresses.provider)
        return sum(
            one.order_id in surplus and one.amount_minor != surplus[one.order_id].total_minor
            for one in found
            if one.op == "capture"
        )

    count = await eventually(charged, "charges of another amount")
    return Witness(f"{count} charges of another amount, {tokens.count('tok_garbage')} garbled")


async def webhooks(arena: Arena, _: random.Random) -> Witness:
    """Its events come twice, late and out of order, and tell what no answer has told."""
    await arena.provider(webhook_duplicate_percent=100, webhook_delay_s=2, timeout_done_percent=40)
    before = await _repeated(arena)

    async def repeated() -> bool:
        return await _repeated(arena) > before + ORDERS

    await eventually(repeated, "provider events repeated", 40)
    await arena.provider()
    return Witness(f"{await _repeated(arena) - before:.0f} provider events came again")


async def cancel_races(arena: Arena, luck: random.Random) -> Witness:
    """Buyers cancel at a random moment while their cards are charged: one outcome, whoever wins."""

    async def race() -> str:
        intent = await arena.load.buy(luck.choice(("tok_ok", "tok_ok", "tok_slow")))
        await pause(luck.uniform(0, 0.6))
        await arena.load.cancel(intent)
        return min(intent.order_ids)

    raced = await asyncio.gather(*(race() for _ in range(RACES)))
    found = await book.read(arena.shop.http, arena.system.addresses.provider)
    ops = Counter(one.op for one in found if one.order_id in raced and one.ok)
    assert ops["capture"], "no cancellation met a capture"
    return Witness(f"{RACES} cancellations; {dict(ops)} by then")


async def _awry(arena: Arena, words: str, percent: int, **faults: float) -> Witness:
    """So many percent of the provider's calls go wrong for a while; some are seen to."""
    await arena.provider(**faults)
    arena.load.surge(ORDERS)
    since = len(arena.watch.decided_at)
    await pause(LASTS_S)
    hit = await _undecided_long(arena)
    await arena.provider()
    assert hit, "no order has met it"
    decided = len(arena.watch.decided_at) - since
    return Witness(f"{percent} % {words}: {hit} orders hung on it, {decided} were decided")


async def _undecided_long(arena: Arena) -> int:
    """Orders whose provider has not settled them in all the time the fault has lasted."""
    answer = (await arena.shop.get(arena.shop.url("payments") + "/ops/work")).body
    return sum(int(one["rows"]) for one in answer["kinds"])


async def _repeated(arena: Arena) -> float:
    name = "orderproof_provider_events_total"
    return await metric(arena.shop, "payments-0", name, outcome="repeated")


FAULTS = [
    # The first: a provider that was away is spared for a while, and no cancellation meets a charge.
    Fault("F23", "cancellations race captures", cancel_races),
    Fault("F20", "the provider answers nothing: did it, did not, does it later", silent),
    Fault("F21.errors", "the provider answers 500", failing),
    Fault("F21.wrong", "the provider answers garbage, or charges another amount", wrong),
    Fault("F22", "provider events twice, late and out of order", webhooks),
]
