"""One seed from its first order to rest: what happens next is drawn, until nothing is left to do."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.simulation import calls, outside, steps
from tests.simulation.judges import judge
from tests.simulation.provider import SimulatedProvider
from tests.simulation.seams import Deaths, Died, SimulatedClock, seeded
from tests.simulation.system import LEASE_S, PUBLISHERS, SERVICES, System
from tests.simulation.world import DELIVERIES_MIN, FAULTS_MIN, Profile, World, profile

ROUNDS_MAX = 3_000
# At rest nothing hangs on moments: what is due within a few seconds is done together.
TICK = timedelta(seconds=5)

MakeSystem = Callable[[SimulatedClock, SimulatedProvider, Profile], Awaitable[System]]


async def run(seed: int, make: MakeSystem) -> World:
    """Play one seed and judge what is left; the world says what happened."""
    rng = Random(seed)
    chosen = profile(rng)
    clock, deaths = SimulatedClock(), Deaths()
    provider = SimulatedProvider(clock)
    asyncio.get_running_loop().set_exception_handler(_expected)
    with seeded(deaths):
        system = await make(clock, provider, chosen)
        world = World(seed, rng, chosen, clock, provider, deaths, system)
        await _play(world)
        await judge(world)
    return world


async def _play(world: World) -> None:
    """Until there were orders, deliveries and faults enough; then everything comes to rest."""
    await _hurt(world, world.profile.steps)
    await _rest(world)
    while world.deliveries < DELIVERIES_MIN or sum(world.faults.values()) < FAULTS_MIN:
        world.calm = False
        world.profile.orders += 4
        world.profile.rates["crash-after-commit"] = 0.25
        await _hurt(world, 80)
        await _rest(world)


async def _hurt(world: World, count: int) -> None:
    kinds = list(world.profile.weights)
    totals = [0.0]
    for kind in kinds:
        totals.append(totals[-1] + world.profile.weights[kind])
    for _ in range(count):
        await _step(world, world.rng.choices(kinds, cum_weights=totals[1:])[0])


async def _step(world: World, kind: str) -> None:
    match kind:
        case "submit":
            outside.submit(world)
        case "relay":
            await steps.relay(world)
        case "deliver":
            await steps.deliver(world)
        case "work":
            await calls.work(world)
        case "answer":
            await calls.answer(world)
        case "customer":
            await outside.customer(world)
        case "warehouse":
            await outside.warehouse(world)
        case "timers":
            await (outside.timers(world) if world.rng.random() < 0.5 else calls.sweep(world))
        case "time":
            outside.time(world)
        case "people":
            await _people(world)
        case "late":
            await _late(world)
        case _:
            raise AssertionError(kind)


async def _people(world: World) -> None:
    if world.roll("garbage-record"):
        steps.stray(world)
    elif world.rng.random() < 0.2:
        await outside.news(world)
    else:
        await steps.look_after(world)


async def _late(world: World) -> None:
    """What stalled goes on."""
    if world.roll("late-instance"):
        await steps.apply_again(world)
    elif world.rng.random() < 0.2:
        await outside.expire_late(world)
    else:
        steps.send_late(world)


async def _rest(world: World) -> None:
    """No more faults: all that is under way ends, and time jumps to what is due next."""
    world.calm = True
    world.note("rest")
    while len(world.submitted) < world.profile.orders:
        outside.submit(world)
    for _ in range(ROUNDS_MAX):
        if await _round(world):
            continue
        due = await _next(world)
        if due is None:
            return
        outside.pass_time(world, max(0.0, (due + TICK - world.clock.time).total_seconds()))
    world.wrong("it never came to rest")


async def _round(world: World) -> bool:
    moved = steps.send_late(world)
    for service in PUBLISHERS:
        while await steps.relay(world, service):
            moved = True
    for group in steps.GROUPS:
        while await steps.deliver(world, group):
            moved = True
    for service in ("payments", "notifications"):
        moved |= await calls.work(world, service)
    for act in (calls.answer, calls.sweep, outside.expire_late, outside.timers, outside.warehouse):
        while await act(world):
            moved = True
    for service in SERVICES:
        moved |= await steps.look_after(world, service)
    return moved


async def _next(world: World) -> datetime | None:
    due = await world.system.next_due()
    moments = [due] if due else []
    moments += [at for at, _ in world.provider.late]
    moments += [job.call.started_at + timedelta(seconds=LEASE_S) for job in world.jobs]
    return min(moments, default=None)


def _expected(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A process that died leaves tasks that nobody asks; everything else is told."""
    if not isinstance(context.get("exception"), Died):
        loop.default_exception_handler(context)
