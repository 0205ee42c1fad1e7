"""The command line of the suite: which stages run, with which seed, and what is told at the end."""

import argparse
import asyncio
import json
import logging
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from tests.proof import catalogue, report, stages
from tests.proof.fault import Fault
from tests.proof.races import catalogue as races
from tests.proof.report import Progress, Row
from tests.proof.runner import Pace, run_faults
from tests.proof.soak import soak

FULL_SEEDS = 3
TOGETHER_MAX = 1_000  # Pairs of each race that one arena's judges hold in memory.
FILE_COLUMNS = 220


@dataclass(frozen=True)
class Options:
    """``minutes`` asks for a soak in place of every fault once; ``only`` are ids of runs.

    ``stages`` are the names of those that run; ``pairs`` is how often each race is held.
    """

    seed: int
    only: tuple[str, ...]
    full: bool
    minutes: float | None
    pace: Pace
    stages: tuple[str, ...]
    pairs: int = races.PAIRS
    as_json: bool = False

    def within(self, names: set[str]) -> list[str]:
        """Those of ``only`` that are a stage's own."""
        return [one for one in self.only if one in names]


@dataclass(frozen=True)
class Stage:
    """One part of the proof. ``missing`` names what it has not got, for the list of not run.

    ``ids`` are the runs that may be asked for alone. ``beside`` needs no servers: it goes on
    beside all stages from the first on.
    """

    name: str
    run: Callable[[Options, Progress], Awaitable[list[Row]]]
    missing: Callable[[Options], Sequence[str]]
    ids: frozenset[str] = frozenset()
    beside: Callable[[Options, Progress], Coroutine[Any, Any, Row]] | None = None


async def _faults(options: Options, progress: Progress) -> list[Row]:
    """With three seeds, what no seed draws is run with the first alone."""
    faults = _chosen_faults(options)
    if options.minutes is not None:
        return await soak(faults, options.seed, options.pace, options.minutes, progress)
    seeds = [options.seed + n for n in range(FULL_SEEDS if options.full else 1)]
    rows = await run_faults(faults, seeds[0], options.pace, progress)
    drawn = [one for one in faults if not one.full_only]
    for seed in seeds[1:]:
        rows += await run_faults(drawn, seed, options.pace, progress)
    return rows


def _chosen_faults(options: Options) -> list[Fault]:
    return catalogue.chosen(options.within(catalogue.names()), full=options.full)


def _faults_missing(options: Options) -> list[str]:
    chosen = _chosen_faults(options)
    left_out = [one for one in catalogue.FAULTS if one not in chosen]
    sweep = sum(one.full_only for one in left_out)
    told = [_left_out(one) for one in left_out if not one.full_only]
    return [*catalogue.missing(), *told, *([f"{sweep} runs of FULL=1 alone"] if sweep else [])]


def _left_out(fault: Fault) -> str:
    lacks = fault.needs and not shutil.which(fault.needs)
    return f"{fault.id} (needs {fault.needs})" if lacks else fault.id


async def _races(options: Options, progress: Progress) -> list[Row]:
    """All in one arena, or, when they are many, each in its own."""
    faults = [one.as_fault(options.pairs, progress.phase) for one in _chosen_races(options)]
    apart = options.pairs > TOGETHER_MAX
    together = [[one] for one in faults] if apart else [faults]
    rows: list[Row] = []
    for some in together:
        rows += await run_faults(some, options.seed, options.pace, progress)
    return rows


def _chosen_races(options: Options) -> list[races.Race]:
    return races.chosen(options.within(races.names()))


def _races_missing(options: Options) -> list[str]:
    chosen = _chosen_races(options)
    told = [one.id for one in races.RACES if one not in chosen]
    left = races.PAIRS_FULL - options.pairs
    return [*told, f"{left:,} of {races.PAIRS_FULL:,} pairs of each race"] if left > 0 else told


async def _planted(options: Options, progress: Progress) -> list[Row]:
    return await stages.plant_bugs(options.seed, options.full, progress)


async def _simulation(options: Options, progress: Progress) -> list[Row]:
    return [await stages.simulate_on_postgresql(options.seed, options.full, progress)]


async def _simulation_in_memory(options: Options, progress: Progress) -> Row:
    return await stages.simulate_in_memory(options.seed, options.full, progress)


# What `make prove` shows, in this order; --only takes their names as well as ids of faults.
STAGES: tuple[Stage, ...] = (
    Stage("faults", _faults, _faults_missing, frozenset(catalogue.names())),
    Stage("races", _races, _races_missing, frozenset(races.names())),
    Stage("planted", _planted, lambda options: stages.bugs_left(options.seed, options.full)),
    Stage("simulation", _simulation, lambda _: (), beside=_simulation_in_memory),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 only if there was something to show and all of it held.

    A run that is ended early tells of what it has shown so far, and does not pass.
    """
    options = asked_for(arguments)
    # Brokers that are down on purpose are no news.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    # A file is as wide as the table needs; rich takes 80 for what is no terminal.
    width = None if sys.stdout.isatty() else FILE_COLUMNS
    console = Console(quiet=options.as_json, highlight=False, soft_wrap=True, width=width)
    progress = Progress(console)
    progress.say(f"seed {options.seed}")
    started = time.monotonic()
    ended_by = 0
    try:
        rows, left = asyncio.run(_until_told_to_stop(_run(options, progress))), []
    except (asyncio.CancelledError, KeyboardInterrupt) as error:
        ended_by = signal.SIGINT if isinstance(error, KeyboardInterrupt) else signal.SIGTERM
        rows, left = progress.rows, ["what would have come later"]
    told = report.document(
        rows,
        [*not_run(options), *left],
        seed=options.seed,
        seconds=round(time.monotonic() - started, 1),
    )
    told["passed"] = told["passed"] and not ended_by
    report.write(told)
    if options.as_json:
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
    _tell(progress, rows, told["not_run"])
    return 128 + ended_by if ended_by else int(not told["passed"])


async def _until_told_to_stop(rows: Coroutine[Any, Any, list[Row]]) -> list[Row]:
    """SIGTERM ends the run as Ctrl-C does: all that was started goes."""
    task = asyncio.create_task(rows)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


async def _run(options: Options, progress: Progress) -> list[Row]:
    chosen = [one for one in STAGES if one.name in options.stages]
    rows: list[Row] = []
    async with asyncio.TaskGroup() as group:
        beside = [group.create_task(one.beside(options, progress)) for one in chosen if one.beside]
        for stage in chosen:
            rows += await stage.run(options, progress)
    return [*rows, *(task.result() for task in beside)]


def not_run(options: Options) -> list[str]:
    """What such a run does not show, by name."""
    found: list[str] = []
    for stage in STAGES:
        found += stage.missing(options) if stage.name in options.stages else [stage.name]
    return found


def _tell(progress: Progress, rows: Sequence[Row], not_run: Sequence[str]) -> None:
    progress.console.print(report.table(rows))
    progress.say(f"not run: {'; '.join(not_run) or 'nothing'}")
    orders = sum(row.orders for row in rows if row.counts)
    held = sum(row.passed for row in rows)
    kills = sum(row.kills for row in rows)
    progress.say(f"{held} of {len(rows)} held; {orders} orders, {kills} SIGKILLs; {report.FILE}")


def asked_for(arguments: Sequence[str] | None) -> Options:
    """What a command line asks for. One that names a run that is not there ends the process."""
    parser = _parser()
    options = _options(parser.parse_args(arguments))
    if unknown := [one for one in options.only if not any(one in stage.ids for stage in STAGES)]:
        parser.error(f"{', '.join(unknown)}: no such run")
    return options


def _options(asked: argparse.Namespace) -> Options:
    seed = secrets.randbits(32) if asked.seed is None else asked.seed
    named = [one.strip() for one in asked.only.split(",") if one.strip()]
    names = {stage.name for stage in STAGES}
    only = tuple(one for one in named if one not in names)
    if asked.minutes is not None:
        named.append("faults")
    run = tuple(one.name for one in STAGES if not named or {one.name, *one.ids} & set(named))
    pairs = asked.pairs or (races.PAIRS_FULL if asked.full else races.PAIRS)
    pace = Pace(orders=asked.orders)
    return Options(seed, only, asked.full, asked.minutes, pace, run, pairs, asked.json)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="prove", description="Break the system, judge the books.")
    parser.add_argument("--seed", type=int, help="the seed of an earlier run")
    parser.add_argument(
        "--only", default="", help="faults, races or stages, by comma: F20,F1.K3,R4,simulation"
    )
    parser.add_argument(
        "--full", action="store_true", help="three seeds, every point once, races by 10,000"
    )
    parser.add_argument("--minutes", type=float, help="a soak: random faults for so long")
    parser.add_argument(
        "--orders", type=int, default=Pace.orders, help="orders of each run, at least"
    )
    parser.add_argument("--pairs", type=int, help="pairs of each race, 100 or 10,000 in full")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    return parser
