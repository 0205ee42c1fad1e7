"""What is shown beside the faults: bugs that are planted, and the simulation, each told as rows."""

import asyncio
import os
import threading
import time
from collections.abc import Callable
from functools import partial

from tests.proof.judges.verdict import Violation
from tests.proof.planted import run as planted
from tests.proof.planted.catalogue import Planted, catalogue, draw
from tests.proof.report import Progress, Row
from tests.simulation import run as simulation
from tests.simulation.cells import CELLS
from tests.simulation.report import Report

DRAWN = 5
SEEDS, SEEDS_FULL, STEPS = 10_000, 100_000, 10
SEEDS_SLOW, SEEDS_SLOW_FULL = 50, 500


async def plant_bugs(seed: int, full: bool, progress: Progress) -> list[Row]:
    """All bugs, or five drawn by the seed; each must be caught by its check."""
    known = catalogue()
    chosen = known if full else draw(known, seed, DRAWN)
    progress.say(f"planting {len(chosen)} of {len(known)} bugs")
    verdicts = await asyncio.to_thread(planted.run, chosen, progress.phase, seed)
    return [_bug(one, seed) for one in verdicts]


def bugs_left(seed: int, full: bool) -> list[str]:
    """What is not planted in such a run."""
    known = catalogue()
    left = 0 if full else len(known) - len(draw(known, seed, DRAWN))
    return [f"{left} of {len(known)} planted bugs"] if left else []


async def simulate_in_memory(seed: int, full: bool, progress: Progress) -> Row:
    """Seeds of the fast tier, from one that the seed chooses, in processes that wait for others."""
    count, began = SEEDS_FULL if full else SEEDS, time.monotonic()
    first = _first(seed)
    progress.say(f"simulating {count} seeds from {first}, beside what follows")
    seeds, show = range(first, first + count), _shown(progress, count)
    report = await _told_to_stop(partial(simulation.simulate, seeds, os.cpu_count() or 1), show)
    row = _simulated("simulation", "seeds of orders on simulated parts", seed, report)
    row.seconds = time.monotonic() - began
    row.witness = (
        f"{_played(report)} in memory; "
        f"{len(CELLS) - len(report.missed)} of {len(CELLS)} cells of row and fault hit"
    )
    row.violations += [
        Violation("missed", "", " ".join(cell) + " was not hit") for cell in report.missed
    ]
    progress.finished(row)
    return row


async def simulate_on_postgresql(seed: int, full: bool, progress: Progress) -> Row:
    """Some of the same seeds in the slow tier."""
    count, began = SEEDS_SLOW_FULL if full else SEEDS_SLOW, time.monotonic()
    first = _first(seed)
    progress.say(f"simulating {count} of them on PostgreSQL")
    seeds, show = range(first, first + count), _shown(progress, count)
    report = await simulation.simulate_on_postgresql(seeds, show)
    title = "seeds of orders on simulated parts and a real PostgreSQL"
    row = _simulated("simulation on PostgreSQL", title, seed, report)
    row.seconds = time.monotonic() - began
    row.witness = f"{_played(report)} on PostgreSQL, each history compared with that of memory"
    progress.finished(row)
    return row


def _first(seed: int) -> int:
    return seed % 1_000_000


async def _told_to_stop(
    play: Callable[[Callable[[Report], None]], Report], show: Callable[[Report], None]
) -> Report:
    """``play`` in a thread; it ends soon after this is cancelled, as a thread cannot be."""
    stopped = threading.Event()

    def go_on(so_far: Report) -> None:
        if stopped.is_set():
            raise InterruptedError("the run was told to stop")
        show(so_far)

    try:
        return await asyncio.to_thread(play, go_on)
    except asyncio.CancelledError:
        stopped.set()
        raise


def _shown(progress: Progress, count: int) -> Callable[[Report], None]:
    """Tells how far it is, ten times in all."""
    shown = 0

    def show(so_far: Report) -> None:
        nonlocal shown
        if so_far.seeds >= shown + count // STEPS:
            shown = so_far.seeds
            progress.phase(f"{shown} of {count} seeds simulated, {len(so_far.failures)} wrong")

    return show


def _played(report: Report) -> str:
    faults = sum(report.faults.values())
    return f"{report.orders} orders, {report.deliveries} deliveries, {faults} faults"


def _simulated(name: str, title: str, seed: int, report: Report) -> Row:
    row = Row(name, title, seed, runs=report.seeds, counts=False)
    row.violations = [
        Violation("simulation", f"seed {one.seed}", "; ".join(one.violations))
        for one in report.failures
    ]
    row.violations += [
        Violation("impossible", "", " ".join(cell) + " was hit") for cell in report.surprises
    ]
    row.again = "; ".join(one.command for one in report.failures[:3])
    return row


def _bug(verdict: planted.Verdict, seed: int) -> Row:
    known: Planted = verdict.planted
    again = f".venv/bin/python -m tests.proof.planted --only {known.name}"
    row = Row(f"bug {known.number:02}", known.bug, seed, again=again, counts=False)
    match verdict:
        case planted.Caught(_, test, _, seconds):
            row.witness, row.seconds = f"{known.name}: caught by {test}", seconds
        case planted.Missed(_, seconds):
            row.witness, row.seconds = f"{known.name}: planted", seconds
            row.violations.append(Violation("bug-is-caught", "", f"{known.checks} saw nothing"))
        case planted.Broken(_, why):
            row.void = why
    return row
