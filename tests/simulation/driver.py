"""One seed from its first order to rest: what happens next is drawn until nothing is left."""

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any

from tests.simulation import calls, outside, steps
from tests.simulation.cells import cell_of
from tests.simulation.drills import drill
from tests.simulation.hand import hands_of
from tests.simulation.judges import judge
from tests.simulation.limit import TooLong, limited
from tests.simulation.provider import SimulatedProvider
from tests.simulation.seams import Deaths, Died, SimulatedClock, seeded
from tests.simulation.system import LEASE_S, SERVICES, System
from tests.simulation.world import DELIVERIES_MIN, FAULTS_MIN, Profile, World, profile

ROUNDS_MAX, DELIVERIES_NEARLY = 1_000, 120
# While everything comes to rest somebody still cancels, or gives money back, now and then.
LAST_WISHES, LATE_TIMERS = 0.15, 0.1
# At rest nothing hangs on moments: what is due within a few seconds is done together.
TICK = timedelta(seconds=5)

MakeSystem = Callable[[SimulatedClock, SimulatedProvider, Profile], Awaitable[System]]


async def run(seed: int, make: MakeSystem) -> World:
    """Play one seed and judge what is left; the world says what happened."""
    rng = Random(seed)
    chosen = profile(rng, cell_of(seed)[1])
    clock, deaths = SimulatedClock(), Deaths()
    provider = SimulatedProvider(clock)
    asyncio.get_running_loop().set_exception_handler(_expected)
    with seeded(deaths):
        system = await make(clock, provider, chosen)
        hands = hands_of(seed, LEASE_S)
        for service, hand in hands.items():
            system.transactions[service].hand = hand
        world = World(seed, rng, chosen, clock, provider, deaths, system, hands)
        try:
            async with limited():
                await _play(world)
                await judge(world)
        except (Exception, TooLong) as error:
            world.wrong(f"it raised {error!r}, {where(error.__cause__ or error)}")
    return world


def where(error: BaseException) -> str:
    """The last lines of code that it came through."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    return " in ".join(f"{Path(one.filename).name}:{one.lineno}" for one in reversed(frames))


async def _play(world: World) -> None:
    """Until there were orders, deliveries and faults enough; then everything comes to rest.

    When few deliveries are missing, an instance that was thought gone makes them.
    """
    await _hurt(world, world.profile.steps)
    await _rest(world)
    await drill(world, _settle)
    await _rest(world)
    while world.deliveries < DELIVERIES_MIN or sum(world.faults.values()) < FAULTS_MIN:
        world.calm = False
        while DELIVERIES_NEARLY <= world.deliveries < DELIVERIES_MIN:
            await steps.apply_again(world)
        if world.deliveries < DELIVERIES_MIN or sum(world.faults.values()) < FAULTS_MIN:
            world.profile.orders += 3
            world.profile.rates["crash-after-commit"] = 0.25
            await _hurt(world, 60)
        await _rest(world)


async def _hurt(world: World, count: int) -> None:
    kinds, totals = list(world.profile.weights), list(accumulate(world.profile.weights.values()))
    for kind in world.rng.choices(kinds, cum_weights=totals, k=count):
        await STEPS[kind](world)


async def _submit(world: World) -> None:
    outside.submit(world)


async def _pass(world: World) -> None:
    outside.time(world)


async def _timers(world: World) -> None:
    await (outside.timers(world) if world.rng.random() < 0.5 else calls.sweep(world))


async def _people(world: World) -> None:
    if world.roll("garbage-record", ()):
        steps.stray(world)
    elif world.rng.random() < 0.2:
        await outside.news(world)
    else:
        await steps.look_after(world)


async def _late(world: World) -> None:
    """What stalled goes on."""
    if world.roll("late-instance", ()):
        await steps.apply_again(world)
    elif world.rng.random() < 0.2:
        await outside.expire_late(world)
    else:
        steps.send_late(world)


STEPS: Mapping[str, Callable[[World], Awaitable[Any]]] = {
    "submit": _submit,
    "relay": steps.relay,
    "deliver": steps.deliver,
    "work": calls.work,
    "answer": calls.answer,
    "customer": outside.customer,
    "warehouse": outside.warehouse,
    "timers": _timers,
    "time": _pass,
    "people": _people,
    "late": _late,
}


async def _rest(world: World) -> None:
    """No more faults: all that is under way ends, and time jumps to what is due next."""
    world.calm, world.stalled_until = True, 0
    world.note("rest")
    while len(world.submitted) < world.profile.orders:
        outside.submit(world)
    for _ in range(ROUNDS_MAX):
        if await _round(world):
            continue
        due = await _next(world)
        if due is None and await outside.expire_late(world):
            continue
        if due is None:
            return
        outside.pass_time(world, max(0.0, (due + TICK - world.clock.time).total_seconds()))
    world.wrong("it never came to rest")


async def _round(world: World) -> bool:
    """Everything that can be done now; False when there was nothing."""
    moved = [steps.send_late(world)]
    moved += [await _all(steps.relay, world, service) for service in SERVICES]
    moved += [await _all(steps.deliver, world, group) for group in steps.GROUPS]
    moved += [await calls.work(world, service) for service in ("payments", "notifications")]
    if not world.held and world.rng.random() < LATE_TIMERS:
        moved.append(await outside.expire_late(world))
    acts = (calls.answer, calls.sweep, outside.timers, outside.warehouse)
    moved += [await _all(act, world) for act in acts]
    moved += [await steps.look_after(world, service) for service in SERVICES]
    if any(moved) and not world.held and world.rng.random() < LAST_WISHES:
        await outside.customer(world)
    return any(moved)


async def _all(act: Callable[..., Awaitable[bool]], *arguments: Any) -> bool:
    """Until ``act`` finds nothing more to do."""
    moved = False
    while await act(*arguments):
        moved = True
    return moved


async def _settle(world: World) -> None:
    """All that can be done without more time."""
    for _ in range(ROUNDS_MAX):
        if not await _round(world):
            return
    world.wrong("it never settled")


async def _next(world: World) -> datetime | None:
    due = await world.system.next_due()
    moments = [due] if due else []
    moments += [at for at, _, _ in world.provider.late]
    moments += [job.call.started_at + timedelta(seconds=LEASE_S) for job in world.jobs]
    return min(moments, default=None)


def _expected(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A process that died leaves tasks that nobody asks; everything else is told."""
    if not isinstance(context.get("exception"), Died):
        loop.default_exception_handler(context)
