"""Steps of workers and sweeps, and how the outside answers their calls."""

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from typing import Any

from shared.work.rows import LeasedRow

from tests.simulation.provider import UNKNOWN, Call
from tests.simulation.seams import JOB, Job
from tests.simulation.system import LEASE_S
from tests.simulation.world import World

LATE_S = (8.0, 100.0, 2000.0, 50_000.0)
NO_ANSWER = {
    "http-500": ("http-500", False),
    "garbage-answer": ("garbage", True),
    "no-answer-done": ("no-answer", True),
    "no-answer-not-done": ("no-answer", False),
}


async def work(world: World, service: str | None = None) -> bool:
    """A worker leases rows that are due, and begins with them."""
    if world.waits("work"):
        return False
    service = service or world.rng.choice(("payments", "payments", "notifications"))
    rows = await world.system.lease(service, 8 if world.calm else world.rng.choice((1, 2, 8)))
    for row in rows:
        world.note(f"{service} takes up {row.kind} of {row.order_id[-6:]}")
    await _perform(world, service, rows)
    return bool(rows)


async def begin_born(world: World) -> None:
    """A process begins at once with what its own transactions have leased to it."""
    for service, hand in world.hands.items():
        born = hand.empty()
        for row in born:
            world.note(f"{service} has {row.kind} of {row.order_id[-6:]} in hand")
        await _perform(world, service, born)


async def _perform(world: World, service: str, rows: Sequence[LeasedRow]) -> None:
    if rows:
        jobs = [
            _begun(Job(service, (row.order_id,), row.kind), world.system.perform(service, row))
            for row in rows
        ]
        await _run(world, jobs)


async def sweep(world: World) -> bool:
    due = await world.system.due_sweeps()
    for one in due:
        world.note(f"sweep {one.attempt.order_id[-6:]}")
    jobs = [
        _begun(Job("payments", (one.attempt.order_id,), "sweep"), world.system.sweep(one))
        for one in due
    ]
    await _run(world, jobs)
    return bool(due)


def _begun(job: Job, coro: Coroutine[Any, Any, None]) -> Job:
    before = JOB.set(job)
    job.task = asyncio.get_running_loop().create_task(coro)
    JOB.reset(before)
    job.task.add_done_callback(lambda _: job.halt())
    return job


async def _run(world: World, jobs: Sequence[Job]) -> None:
    """Until each waits outside or ends, or their process dies in a transaction."""
    keys = [key for job in jobs for key in job.keys]
    kinds = " ".join(job.kind for job in jobs)
    if "payments" in {job.service for job in jobs} and world.roll(
        "worker-dies-in-commit", keys, kinds
    ):
        world.deaths.at, world.deaths.jobs = "before_commit", jobs
    for job in jobs:
        await job.halted
    world.deaths.at = None
    died = [job for job in jobs if job.call is None and not job.done]
    if died:
        world.strike("worker-dies-in-commit", [key for job in died for key in job.keys])
        await _kill(died)
        await world.system.quiet()
    for job in jobs:
        if job.task is not None and job.done and job not in died:
            job.task.result()
    world.jobs = [job for job in world.jobs if job not in jobs]
    world.jobs += [job for job in jobs if not job.done]
    await begin_born(world)


async def _kill(jobs: Sequence[Job]) -> None:
    tasks = [job.task for job in jobs if job.task is not None]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def answer(world: World) -> bool:
    """The outside answers one of the calls under way, or its worker is hurt meanwhile."""
    waiting = [job for job in world.jobs if may_end(world, job.call)]
    if not waiting:
        return False
    if world.calm and not world.armed:
        for job in waiting:
            _give(world, job, _reply(world, job.call, job.keys))
        await _run(world, waiting)
        return True
    job = world.rng.choice(waiting)
    call: Call = job.call
    keys = job.keys
    if not call.stalled and world.roll("lease-lost", keys, call.kind):
        world.strike("lease-lost", keys)
        call.stalled = True
        return True
    if world.roll("worker-dies-before-call", keys, call.kind):
        world.strike("worker-dies-before-call", keys)
        await _die(world, job)
        return True
    reply = _reply(world, call, keys)
    if world.roll("worker-dies-after-call", keys, call.kind):
        world.strike("worker-dies-after-call", keys)
        await _die(world, job)
        return True
    _give(world, job, reply)
    await _run(world, [job])
    return True


def _give(world: World, job: Job, reply: Any) -> None:
    world.note(f"{job.call.kind} of {job.keys[0][-6:]}: {type(reply).__name__}")
    job.halted = asyncio.get_running_loop().create_future()
    job.call.answer.set_result(reply)


def may_end(world: World, call: Call) -> bool:
    """A stalled call ends once its lease is over, and when no drill holds it back."""
    if call.stalled and "stalled" in world.held:
        return False
    over = call.started_at + timedelta(seconds=LEASE_S)
    return not call.stalled or world.clock.time > over


async def _die(world: World, job: Job) -> None:
    world.jobs.remove(job)
    await _kill([job])


def _reply(world: World, call: Call, keys: tuple[str, ...]) -> Any:
    match call.kind:
        case "find_charge" | "find_refund":
            if world.roll("inquiry-fails", keys, call.kind):
                world.strike("inquiry-fails", keys)
                return UNKNOWN["no-answer"]
            return world.provider.look_up(call.request)
        case "mail":
            world.mailbox.append((keys[0], call.request))
            return True
        case "charge" | "refund":
            return _operation(world, call, keys)


def _operation(world: World, call: Call, keys: tuple[str, ...]) -> Any:
    provider, request = world.provider, call.request
    charge = call.kind == "charge"
    for kind, (how, done) in NO_ANSWER.items():
        if world.roll(kind, keys, call.kind):
            world.strike(kind, keys)
            if done:
                provider.do(request)
            return UNKNOWN[how]
    if world.roll("no-answer-done-late", keys, call.kind):
        world.strike("no-answer-done-late", keys)
        wrong = charge and world.roll("wrong-amount", keys, call.kind)
        delay_s = LATE_S[-1] if world.calm else world.rng.choice(LATE_S)
        provider.do_late(request, delay_s, wrong=wrong)
        return UNKNOWN["no-answer"]
    if charge and request.key not in provider.known:
        if world.roll("wrong-amount", keys, call.kind):
            world.strike("wrong-amount", keys)
            return provider.do(request, wrong=True)
        if world.roll("declined", keys, call.kind):
            world.strike("declined", keys)
            return provider.decline(request)
    return provider.do(request)
