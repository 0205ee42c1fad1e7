"""Many seeds: in the fast tier in as many processes as asked for, or in the slow one."""

import asyncio
import gc
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import closing
from itertools import zip_longest

from tests.simulation.driver import run
from tests.simulation.memory_system import MemorySystem
from tests.simulation.postgresql import a_server, on, open_pools
from tests.simulation.postgresql_picture import Pools
from tests.simulation.provider import SimulatedProvider
from tests.simulation.report import Failure, Report
from tests.simulation.seams import SimulatedClock
from tests.simulation.world import Profile, World

CHUNK = 25
Progress = Callable[[Report], None]


def simulate(seeds: range, processes: int, progress: Progress = lambda _: None) -> Report:
    """Play ``seeds``; ``progress`` gets the report so far, again and again, and may end it."""
    report, began = Report(), time.monotonic()
    with closing(_parts(seeds, processes)) as parts:
        for part in parts:
            report.add(part)
            report.seconds = time.monotonic() - began
            progress(report)
    report.failures.sort(key=lambda one: one.seed)
    return report


def _parts(seeds: range, processes: int) -> Generator[Report]:
    chunks = [seeds[n : n + CHUNK] for n in range(0, len(seeds), CHUNK)]
    if processes == 1:
        yield from map(play, chunks)
        return
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, mp_context=spawn, initializer=_step_back)
    try:
        for done in as_completed([pool.submit(play, chunk) for chunk in chunks]):
            yield done.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _step_back() -> None:
    """Nobody waits for a seed: this process has what all others leave of the machine.

    A signal to all processes of a run is for the one that made this one, which ends it.
    """
    for told in (signal.SIGINT, signal.SIGTERM):
        signal.signal(told, signal.SIG_IGN)
    if hasattr(os, "SCHED_IDLE"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    else:
        os.nice(19)


def play(seeds: Iterable[int]) -> Report:
    """These seeds, one after the other, in this process; garbage is collected at the end."""
    gc.freeze()
    gc.disable()
    try:
        return asyncio.run(_play(seeds))
    finally:
        gc.enable()
        gc.collect()


async def _play(seeds: Iterable[int]) -> Report:
    report = Report()
    for seed in seeds:
        note(report, await run(seed, in_memory))
    return report


async def simulate_on_postgresql(
    seeds: Iterable[int], progress: Progress = lambda _: None
) -> Report:
    """Play ``seeds`` in the slow tier, on a PostgreSQL of its own."""
    report, began = Report(), time.monotonic()
    async with a_server() as database, open_pools(database) as pools:
        for seed in seeds:
            note(report, await run_on_both(seed, pools), postgresql=True)
            report.seconds = time.monotonic() - began
            progress(report)
    return report


async def run_on_both(seed: int, pools: Pools) -> World:
    """A seed in the slow tier; that memory tells another history is a violation."""
    told, fast = await run(seed, on(pools)), await run(seed, in_memory)
    for real, held in zip_longest(told.history, fast.history):
        if real != held:
            told.wrong(f"in memory it went on with {held!r}, on PostgreSQL with {real!r}")
            break
    return told


def note(report: Report, world: World, *, postgresql: bool = False) -> None:
    report.seeds += 1
    report.orders += len(world.placed)
    report.deliveries += world.deliveries
    report.rows += world.rows
    report.hits += world.hits
    report.faults += world.faults
    report.digests[world.seed] = world.digest
    if world.violations:
        failed = Failure(world.seed, world.violations, world.history, postgresql)
        report.failures.append(failed)


async def in_memory(
    clock: SimulatedClock, provider: SimulatedProvider, chosen: Profile
) -> MemorySystem:
    return MemorySystem(clock, provider, chosen.stock, chosen.deadline_s)
