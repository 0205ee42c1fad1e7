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
    met, words = await _awry(arena, lost_get_percent=20, **asked)
    for fault in ("hang_done", "hang_not_done", "drop_then_do"):
        assert met[fault], f"the provider says that no call has met {fault}: {met}"
    return Witness(
        f"by the provider's own count {met['hang_done']} calls were done and not answered, "
        f"{met['hang_not_done']} neither, {met['drop_then_do']} cut off and done later, "
        f"{met['lost_get']} inquiries cut off, {met['answer']} calls answered; {words}"
    )


async def failing(arena: Arena, _: random.Random) -> Witness:
    """500 to half of all calls, refunds too."""
    met, words = await _awry(arena, error_percent=50, refund_error_percent=50)
    assert met["error"], f"the provider says that it has answered no call with 500: {met}"
    return Witness(
        f"by the provider's own count {met['error']} calls and {met['refund_error']} refunds were "
        f"answered 500, {met['answer']} otherwise; {words}"
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

    raced = set(await asyncio.gather(*(race() for _ in range(RACES))))
    met = await eventually(
        lambda: _charged_in_vain(arena, raced), "a charge of an order that was cancelled meanwhile"
    )
    confirmed = len(raced & _told(arena, "orders.order-confirmed.v1"))
    return Witness(
        f"of {RACES} orders that were cancelled amid their charge the provider's book has "
        f"{met} charged and never confirmed, {confirmed} were confirmed first"
    )


async def _awry(arena: Arena, **faults: float) -> tuple[Counter[str], str]:
    """Some of the provider's calls go wrong for a while: what they met, and what that did."""
    before = await _met(arena)
    await arena.provider(**faults)
    arena.load.surge(ORDERS)
    since = len(arena.watch.decided_at)
    await pause(LASTS_S)
    hit = await unsettled(arena)
    met = await _met(arena)
    await arena.provider()
    assert hit, "no order has met it"
    decided = len(arena.watch.decided_at) - since
    met.subtract(before)
    return met, f"at its end {hit} calls were not settled, {decided} orders decided meanwhile"


async def _met(arena: Arena) -> Counter[str]:
    """How many calls have met which fault so far, as the provider counts them itself."""
    answer = await arena.shop.get(f"{arena.system.addresses.provider}/faults/met")
    return Counter(answer.body)


async def unsettled(arena: Arena) -> int:
    """Calls that payments has still to make, or to hear the answer of."""
    answer = (await arena.shop.get(arena.shop.url("payments") + "/ops/work")).body
    return sum(int(one["rows"]) for one in answer["kinds"])


async def _charged_in_vain(arena: Arena, raced: set[str]) -> int:
    """How many of the orders the provider has charged that ended before anybody confirmed them."""
    ended = raced & _told(arena, "orders.order-cancelled.v1")
    ended -= _told(arena, "orders.order-confirmed.v1")
    found = await book.read(arena.shop.http, arena.system.addresses.provider)
    return sum(one.op == "capture" and one.ok and one.order_id in ended for one in found)


def _told(arena: Arena, event_type: str) -> set[str]:
    """The orders of which Kafka has told this."""
    return {one.key for one in arena.watch.told if one.type == event_type}


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
