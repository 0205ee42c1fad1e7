"""Services that die or are told to end: at named points, amid a redrive, by SIGTERM."""

import asyncio
import random
import signal
import time
from collections.abc import Sequence
from functools import partial

from tests.proof.arena import SERVICES, Arena
from tests.proof.fault import Fault, Witness
from tests.proof.faults.poison import handler_bug
from tests.support.deaths import Death
from tests.support.judges import metric
from tests.support.waiting import pause

PUBLISHERS = ("orders", "payments", "inventory")
CALLERS = ("payments", "notifications")
TELLERS = ("notifications",)
DRAINED_WITHIN_S = 10.0

# The catalogue's K-point, the point's name in the code, and where it applies. K9, an answer of
# the provider that is lost, is F20; K13, a mail sent and not recorded, is K10 of notifications.
POINTS: tuple[tuple[str, str, Sequence[str]], ...] = (
    ("K1", "api.before_claim", ("orders",)),
    ("K2", "api.after_claim", ("orders",)),
    ("K3", "api.after_commit", ("orders",)),
    ("K4", "relay.before_send", PUBLISHERS),
    ("K5", "relay.after_ack", PUBLISHERS),
    ("K6a", "consumer.in_transaction", SERVICES),
    ("K6b", "before_commit", SERVICES),
    ("K7", "consumer.after_commit", SERVICES),
    ("K8", "worker.before_call", CALLERS),
    ("K10", "worker.after_call", CALLERS),
    ("K12a", "webhook.before_call", TELLERS),
    ("K12b", "webhook.after_call", TELLERS),
)


async def die_at(arena: Arena, luck: random.Random, point: str, services: Sequence[str]) -> Witness:
    """SIGKILL of each service at a named point; the supervisor starts it again."""
    names = [f"{one}-{luck.randrange(arena.instances)}" for one in services]
    deaths = [Death.ordered(arena.shop, one, point) for one in names]
    await asyncio.gather(*(one.happened() for one in deaths))
    await asyncio.gather(*(one.overcome() for one in deaths))
    return Witness(f"{', '.join(names)} ended by SIGKILL at {point}", len(names))


async def die_when_the_deadline_passes(arena: Arena, _: random.Random) -> Witness:
    """The provider answers nothing, so that orders expire; the timer's process dies."""
    await arena.provider(timeout_not_done_percent=100, lost_get_percent=100)
    arena.load.surge(5)
    await pause(arena.deadline_s - 6)
    death = Death.ordered(arena.shop, "orders-0", "timer.before_transaction")
    await death.happened()
    await arena.provider()
    await death.overcome()
    return Witness("orders-0 ended by SIGKILL at timer.before_transaction", 1)


async def die_in_a_redrive(arena: Arena, _: random.Random) -> Witness:
    """What a handler's bug has parked is redriven; inventory dies amid that, and it comes again."""
    async with handler_bug(arena) as parked:
        death = Death.ordered(arena.shop, "inventory-0", "redrive.in_transaction")
        again = asyncio.create_task(parked.redrive())
        await death.happened()
        await death.overcome()
        await asyncio.gather(again, return_exceptions=True)
        await parked.redriven()
    return Witness(f"inventory-0 ended by SIGKILL in a redrive of {parked.order_id}", 1)


async def drain(arena: Arena, luck: random.Random) -> Witness:
    """SIGTERM of every service at once: each finishes what it has begun, and says 0."""
    names = [f"{one}-{luck.randrange(arena.instances)}" for one in SERVICES]
    ends = {one: asyncio.create_task(arena.system.node(one).exited()) for one in names}
    began = time.monotonic()
    pids = {one: arena.system.kill(one, signal.SIGTERM) for one in names}
    codes = dict(zip(names, await asyncio.gather(*ends.values()), strict=True))
    took_s = time.monotonic() - began
    assert set(codes.values()) == {0}, codes
    assert took_s <= DRAINED_WITHIN_S, f"{took_s:.1f} s to drain"
    await asyncio.gather(*(arena.system.wait_replaced(*one) for one in pids.items()))
    return Witness(f"{len(names)} exits with 0 within {took_s:.1f} s of SIGTERM")


async def given(arena: Arena, service: str, **outcome: str) -> float:
    """How many records this process has been given by the group of its name.

    With ``outcome="duplicate"`` those that had been applied already.
    """
    name = "orderproof_events_processed_total"
    return await metric(arena.shop, f"{service}-0", name, consumer=service, **outcome)


FAULTS = [
    *(
        Fault(
            f"F1.{k}",
            f"SIGKILL of {', '.join(services)} at {point}",
            partial(die_at, point=point, services=services),
        )
        for k, point, services in POINTS
    ),
    Fault("F1.K11", "SIGKILL when a deadline has passed", die_when_the_deadline_passes),
    Fault("F1.K15", "SIGKILL amid a redrive", die_in_a_redrive),
    Fault("F2", "SIGTERM of every service under load", drain),
]
