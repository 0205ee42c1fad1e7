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
from tests.proof.report import Progress, Row
from tests.proof.runner import Pace, run_faults
from tests.proof.soak import soak

FULL_SEEDS = 3


@dataclass(frozen=True)
class Options:
    """``minutes`` asks for a soak in place of every fault once; ``only`` are faults' ids.

    ``stages`` are the names of those that run.
    """

    seed: int
    only: tuple[str, ...]
    full: bool
    minutes: float | None
    pace: Pace
    stages: tuple[str, ...]


@dataclass(frozen=True)
class Stage:
    """One part of the proof. ``missing`` names what it has not got, for the list of not run."""

    name: str
    run: Callable[[Options, Progress], Awaitable[list[Row]]]
    missing: Callable[[Options], Sequence[str]]


async def _faults(options: Options, progress: Progress) -> list[Row]:
    faults = catalogue.chosen(options.only, full=options.full)
    if options.minutes is not None:
        return await soak(faults, options.seed, options.pace, options.minutes, progress)
    seeds = [options.seed + n for n in range(FULL_SEEDS if options.full else 1)]
    rows: list[Row] = []
    for seed in seeds:
        rows += await run_faults(faults, seed, options.pace, progress)
    return rows


def _faults_missing(options: Options) -> list[str]:
    chosen = catalogue.chosen(options.only, full=options.full)
    left_out = [one for one in catalogue.FAULTS if one not in chosen]
    sweep = sum(one.full_only for one in left_out)
    told = [_left_out(one) for one in left_out if not one.full_only]
    return [*catalogue.missing(), *told, *([f"{sweep} runs of FULL=1 alone"] if sweep else [])]


def _left_out(fault: Fault) -> str:
    lacks = fault.needs and not shutil.which(fault.needs)
    return f"{fault.id} (needs {fault.needs})" if lacks else fault.id


async def _planted(options: Options, progress: Progress) -> list[Row]:
    return await stages.plant_bugs(options.seed, options.full, progress)


async def _simulation(options: Options, progress: Progress) -> list[Row]:
    return await stages.simulate(options.seed, options.full, progress)


# What `make prove` shows, in this order; --only takes their names as well as ids of faults.
STAGES: tuple[Stage, ...] = (
    Stage("faults", _faults, _faults_missing),
    Stage("planted", _planted, lambda options: stages.bugs_left(options.seed, options.full)),
    Stage("simulation", _simulation, lambda _: ()),
)
RACES = "races in their thousands (500 of each are in make test)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 only if there was something to show and all of it held."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    options = _options(asked)
    try:
        catalogue.chosen(options.only, full=options.full)
    except ValueError as error:
        parser.error(str(error))
    # Brokers that are down on purpose are no news.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    progress = Progress(Console(quiet=asked.json, highlight=False, soft_wrap=True))
    progress.say(f"seed {options.seed}")
    started = time.monotonic()
    try:
        rows = asyncio.run(_until_told_to_stop(_run(options, progress)))
    except asyncio.CancelledError:
        return 128 + signal.SIGTERM
    told = report.document(
        rows, not_run(options), seed=options.seed, seconds=round(time.monotonic() - started, 1)
    )
    report.write(told)
    if asked.json:
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
    _tell(progress, rows, told["not_run"])
    return 0 if told["passed"] else 1


async def _until_told_to_stop(rows: Coroutine[Any, Any, list[Row]]) -> list[Row]:
    """SIGTERM ends the run as Ctrl-C does: all that was started goes."""
    task = asyncio.create_task(rows)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


async def _run(options: Options, progress: Progress) -> list[Row]:
    rows: list[Row] = []
    for stage in STAGES:
        if stage.name in options.stages:
            rows += await stage.run(options, progress)
    return rows


def not_run(options: Options) -> list[str]:
    """What such a run does not show, by name."""
    found = [RACES]
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


def _options(asked: argparse.Namespace) -> Options:
    seed = secrets.randbits(32) if asked.seed is None else asked.seed
    named = [one.strip() for one in asked.only.split(",") if one.strip()]
    names = [stage.name for stage in STAGES]
    only = tuple(one for one in named if one not in names)
    run = [one for one in names if one in named or not named]
    if only or asked.minutes is not None:
        run = [*(one for one in run if one in named), "faults"]
    return Options(
        seed, only, asked.full, asked.minutes, Pace(orders=asked.orders), tuple(dict.fromkeys(run))
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="prove", description="Break the system, judge the books.")
    parser.add_argument("--seed", type=int, help="the seed of an earlier run")
    parser.add_argument(
        "--only", default="", help="faults or stages, by comma: F20,F1.K3,simulation"
    )
    parser.add_argument("--full", action="store_true", help="three seeds, every point")
    parser.add_argument("--minutes", type=float, help="a soak: random faults for so long")
    parser.add_argument(
        "--orders", type=int, default=Pace.orders, help="orders of each run, at least"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    return parser
