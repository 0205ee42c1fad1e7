"""Races for what there is only one of: the last unit, and the order of an Idempotency-Key."""

import asyncio
from itertools import compress

from tests.proof.judges.journal import Reply
from tests.proof.judges.verdict import Violation
from tests.proof.load import AGAIN, at_work
from tests.proof.races.meetings import Meetings

LANES, KEYS_AT_ONCE, REQUESTS = 40, 4, 50
PAIRS_OF_A_KEY = 5  # Its requests are many more than that; so few keys are enough.


async def last_unit(meetings: Meetings) -> None:
    """Two buyers at once, and one unit that is free."""
    load, outcome = meetings.load, meetings.arena.watch.outcome

    async def meet(lane: int) -> None:
        sku = f"{load.run}-last-{lane}"
        await load.receive({sku: 1})
        drawn = [load.draw("tok_ok", [sku], units=1) for _ in range(2)]
        await asyncio.gather(*(load.place(*one) for one in drawn))
        intents = [intent for intent, _ in drawn]
        await meetings.decided(*intents)
        outcomes = [outcome[one.reference] for one in intents]
        if sorted(outcomes) == ["confirmed", "rejected"]:
            meetings.wins["to the first" if outcomes[0] == "confirmed" else "to the second"] += 1
        else:
            words = f"{sku}: two orders for one unit came to {outcomes}"
            meetings.broken.append(Violation("last-unit-sold-once", "", words))

    await meetings.hold(meet, LANES)


async def same_key(meetings: Meetings) -> None:
    """Fifty same requests at once, spread over the instances: one is the first, all agree.

    They count as ``PAIRS_OF_A_KEY`` pairs.
    """
    load, shop, instances = meetings.load, meetings.arena.shop, meetings.arena.instances

    async def meet(_: int, __: int) -> None:
        intent, body = load.draw("tok_ok", [load.skus[0]])
        urls = [f"{shop.url('orders', n % instances)}/v1/orders" for n in range(REQUESTS)]
        answers = await asyncio.gather(*(shop.post(url, body, intent.key) for url in urls))
        told = [not at_work(one) and one.status not in AGAIN for one in answers]
        intent.replies += {Reply(one.status, one.raw) for one in compress(answers, told)}
        meetings.wins["requests told to come again"] += told.count(False)
        first = [
            n % instances
            for n, one in enumerate(answers)
            if told[n] and "idempotency-replayed" not in one.headers
        ]
        if len(first) == 1:
            meetings.wins[f"first by orders-{first[0]}"] += 1
        elif any(told):
            words = f"{intent.key}: {len(first)} answers say that they are the first"
            order_id = min(intent.order_ids, default="")
            meetings.broken.append(Violation("one-first-answer", order_id, words))
        else:
            await load.place(intent, body)

    await meetings.hold_together(meet, PAIRS_OF_A_KEY, KEYS_AT_ONCE)
