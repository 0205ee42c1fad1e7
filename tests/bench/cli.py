"""The command line of the benchmark: which parts run, for how long, and what is told at the end."""

import argparse
import asyncio
import json
import logging
import signal
import sys
import time
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any

from rich.console import Console

from tests.bench import report, stages
from tests.bench.measuring import Ask
from tests.bench.plan import FULL, SHORT, Plan
from tests.bench.progress import Progress
from tests.bench.publish import publish
from tests.bench.run import LOADS, Load, Run
from tests.bench.spec import Json
from tests.bench.systems import Systems


@dataclass(frozen=True)
class Options:
    """``rate`` is that of one load, or of a part's; ``loads`` are searched for."""

    plan: Plan
    stages: tuple[str, ...]
    loads: tuple[Load, ...]
    rate: float | None
    simulators: bool
    instances: int
    command: str


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0 when every order is right, whatever the figures."""
    asked = _parser().parse_args(arguments)
    options = _options(asked, sys.argv[1:] if arguments is None else arguments)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    console = Console(quiet=asked.json, highlight=False, soft_wrap=True)
    progress = Progress(console)
    try:
        told = asyncio.run(_until_told_to_stop(_run(options, progress)))
    except asyncio.CancelledError:
        return 128 + signal.SIGINT
    report.write(told)
    if asked.json:
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
    if asked.publish and told["passed"]:
        publish(told)
    console.print(report.tables(told))
    for failure in told["failures"]:
        progress.say(f"FAILED: {failure}")
    progress.say(f"{'passed' if told['passed'] else 'FAILED'}; {report.FILE}")
    return 0 if told["passed"] else 1


async def _until_told_to_stop(work: Coroutine[Any, Any, Json]) -> Json:
    """SIGTERM and Ctrl-C end the run: all that was started goes."""
    task = asyncio.create_task(work)
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, task.cancel)
    return await task


async def _run(options: Options, progress: Progress) -> Json:
    started = time.monotonic()
    systems = Systems(
        options.plan,
        progress,
        simulators=options.simulators,
        console="console" in options.stages,
        instances=options.instances,
        loads=options.loads,
        rate=options.rate,
    )
    alone = [name for name in stages.ALONE if name in options.stages]
    if not alone or set(options.stages) - set(alone):
        async with systems.one() as run:
            if options.rate is not None:
                await _one_rate(run, options)
            await stages.run_stages(run, options.stages)
    for name in alone:
        await stages.ALONE[name](systems)
    return report.document(
        systems.found,
        systems.failures,
        form=options.plan.name,
        command=options.command,
        provider_and_mail="simulators" if options.simulators else "in process",
        instances=options.instances,
        seconds=round(time.monotonic() - started),
    )


async def _one_rate(run: Run, options: Options) -> None:
    """One load at the rate that was asked for, unless other parts were asked for, too."""
    assert options.rate is not None
    intake, shape = options.loads[0]
    run.sustained[intake] = options.rate
    if not options.stages:
        await stages.one_rate(run, Ask(intake, options.plan.window_s, shape, rate=options.rate))


def _options(asked: argparse.Namespace, given: list[str]) -> Options:
    plan = SHORT if asked.short else FULL
    if asked.seconds is not None:
        plan = plan.within(asked.seconds)
    if asked.pairs is not None:
        plan = replace(plan, pairs=asked.pairs)
    if asked.stored is not None:
        plan = plan.until_stored(asked.stored)
    named = tuple(one.strip() for one in asked.only.split(",") if one.strip())
    if unknown := ", ".join(sorted(set(named) - set(stages.NAMES))):
        _parser().error(f"no part {unknown}; there are: {', '.join(stages.NAMES)}")
    loads = tuple(
        (intake, shape)
        for intake, shape in LOADS
        if asked.intake in (None, intake) and asked.shape in (None, shape)
    )
    if not loads:
        _parser().error(f"{asked.shape} orders by {asked.intake} are no load")
    usual = stages.ALL if asked.all else () if asked.rate else stages.USUAL
    return Options(
        plan=plan,
        stages=(*(named or usual), *(["flame"] if asked.flame else [])),
        loads=loads,
        rate=asked.rate,
        simulators=asked.simulators,
        instances=asked.instances,
        command=" ".join(["make bench", *([f"ARGS='{' '.join(given)}'"] if given else [])]),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench", description="How fast, at what cost, and still right."
    )
    parser.add_argument("--short", action="store_true", help="a minute: only that all of it works")
    parser.add_argument("--only", default="", help=f"parts, by comma: {','.join(stages.NAMES)}")
    parser.add_argument("--all", action="store_true", help="every part, an hour")
    parser.add_argument("--rate", type=float, help="one load of so many orders a second")
    parser.add_argument("--seconds", type=float, help="of everything that is measured, at most")
    parser.add_argument("--pairs", type=int, help="turns of whatever is compared in turns")
    parser.add_argument("--stored", type=int, help="orders at which growth ends; by ten, 100,000")
    parser.add_argument("--intake", choices=["kafka", "http"], help="only loads that come in there")
    parser.add_argument("--shape", choices=["standard", "retail"], help="only orders of that shape")
    parser.add_argument("--instances", type=int, default=1, help="of every service")
    parser.add_argument(
        "--simulators",
        action="store_true",
        help="real provider and mail server in place of adapters in the services' processes",
    )
    parser.add_argument("--flame", action="store_true", help="a flame graph of each service, too")
    parser.add_argument(
        "--publish", action="store_true", help="write the figures of a good run into docs/"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    return parser
