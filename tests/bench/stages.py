"""The parts of the benchmark, in their order; each adds its figures to the document."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypeAlias

from local_runtime.config import SERVICES

from tests.bench import flames, peers, with_console
from tests.bench.measuring import Ask, Measured, Meter
from tests.bench.orders import Shape
from tests.bench.pairs import pair, summary
from tests.bench.search import confirmed, highest, rounded
from tests.bench.spec import Intake, Json
from tests.bench.usage import per_1000, used
from tests.support.waiting import pause

# What is searched for: the first is the one that ratios are told of.
Load: TypeAlias = tuple[Intake, Shape]
LOADS: tuple[Load, ...] = (
    ("kafka", "standard"),
    ("http", "standard"),
    ("kafka", "retail"),
)
# From what a closed loop does to the rate that is tried first.
FIRST, FIRST_UNTRIED = 0.9, 0.5


@dataclass
class Run:
    """What was found so far. ``sustained`` are rates by intake, of standard orders.

    ``closed_orders_s`` is what the last closed loop did.
    """

    meter: Meter
    found: Json = field(default_factory=dict)
    sustained: dict[Intake, float] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    closed_orders_s: float = 0.0
    loads: Sequence[Load] = LOADS


async def search(run: Run) -> None:
    """The highest sustained rate of each load."""
    for intake, shape in run.loads:
        told = await _searched(run, intake, shape)
        run.found.setdefault("sustained", {})[f"{intake} {shape}"] = told
        if shape == "standard" and told["orders_s"]:
            run.sustained[intake] = told["orders_s"]
    run.found["sustained_orders_s"] = run.sustained.get("kafka")


async def _searched(run: Run, intake: Intake, shape: Shape) -> Json:
    meter, plan = run.meter, run.meter.plan
    told: Json = {"in_flight": {}}
    # The short form takes the last closed loop's word for orders of another shape.
    for in_flight in plan.in_flight if plan.trials_max or shape == "standard" else ():
        one = await meter.measure(Ask(intake, plan.closed_s, shape, in_flight=in_flight))
        told["in_flight"][str(in_flight)] = one.outcome.orders_s
        run.closed_orders_s = one.outcome.orders_s
    closed = max(told["in_flight"].values(), default=run.closed_orders_s)
    kept: list[Measured] = []

    async def tried(rate: float, seconds: float) -> bool:
        kept.append(await meter.measure(Ask(intake, seconds, shape, rate=rate)))
        return kept[-1].sustained

    start = rounded((FIRST if plan.trials_max else FIRST_UNTRIED) * closed)
    low = start
    if plan.trials_max:
        low = await highest(tried, start, plan.trial_s, plan.trials_max) or 0.0
    held = await confirmed(tried, low, plan.window_s, plan.windows_max) if low else None
    told |= {"orders_s": held, "window_s": plan.window_s, **_figures(kept[-1])}
    told["trials"] = [_trial(one) for one in kept]
    return told


async def one_rate(run: Run, ask: Ask) -> None:
    """One load, for whoever looks at one thing."""
    one = await run.meter.measure(ask)
    run.found["load"] = {"of": str(ask), **_trial(one), **_figures(one)}


async def latencies(run: Run) -> None:
    """From placed to confirmed at given rates, and at half of the highest."""
    plan = run.meter.plan
    for intake in ("kafka", "http"):
        highest_rate = run.sustained.get(intake)
        rates: dict[str, float] = {str(rate): rate for rate in plan.rates}
        if highest_rate:
            rates["half"] = rounded(highest_rate / 2)
        told: Json = {}
        for name, rate in rates.items():
            if plan.trials_max and highest_rate and rate > highest_rate:
                told[name] = None
                continue
            one = await run.meter.measure(Ask(intake, plan.latency_s, rate=rate))
            told[name] = {**one.outcome.latency_ms, **_figures(one), "rate": rate}
        run.found["latency_ms" if intake == "kafka" else "latency_ms_http"] = told


async def idle(run: Run) -> None:
    """What the system uses when nobody orders, as percent of one core."""
    meter, seconds = run.meter, run.meter.plan.idle_s
    before = meter.stack.groups.cpu_s()
    with meter.progress.doing(f"idle for {seconds:g} s"):
        await pause(seconds)
    spent = used(before, meter.stack.groups.cpu_s())
    told = {name: round(100 * cpu_s / seconds, 2) for name, cpu_s in spent.items()}
    told["total"] = round(sum(told.values()), 2)
    run.found["idle_cpu_percent"] = told
    meter.progress.say(f"idle: {told['total']:g} % of a core")


async def pairs(run: Run) -> None:
    """Ours, the limit and the peers in turns."""
    meter = run.meter
    wanted = peers.asked(meter.plan.peers)
    lacking = peers.missing() if peers.FASTSTREAM in wanted else "not asked for"
    if lacking:
        meter.progress.say(f"plain FastStream is not run: {lacking}")
    try:
        made = [await pair(meter, run.sustained) for _ in range(meter.plan.pairs)]
    finally:
        await peers.down()
    ratios = summary(made)
    run.found["pairs"] = [asdict(one) for one in made]
    run.found["ratio_ranges"] = ratios
    run.found["ratios"] = {name: one["median"] for name, one in ratios.items()}
    run.found["not_run"] = {"plain_faststream": lacking} if lacking else {}


async def flame(run: Run) -> None:
    """A flame graph of each service at the highest rate, or in the closed loop."""
    meter, seconds = run.meter, run.meter.plan.latency_s
    rate = run.sustained.get("kafka", 0.0)
    ask = Ask("kafka", seconds, rate=rate, in_flight=0 if rate else meter.plan.in_flight[0])
    pids = {name: meter.stack.groups.pids[name][0] for name in SERVICES}
    # Together: the load lasts a little longer than the looking on.
    _, wrong = await asyncio.gather(meter.measure(ask), flames.graphs(pids, seconds))
    for one in wrong:
        meter.progress.say(one)
    meter.progress.say(f"flame graphs in {flames.FOLDER}")


async def audit(run: Run) -> None:
    """Every order is there and confirmed, and every invariant holds; anything else fails."""
    meter = run.meter
    counts = await meter.stack.order_counts()
    wanted = meter.placed - meter.refused
    if counts != ({"confirmed": wanted} if wanted else {}):
        run.failures.append(f"of {wanted} orders that were placed there are {counts}")
    system = meter.stack.system
    command = [str(Path(sys.executable).with_name("orderproof")), "audit", "--json"]
    place = ["--run-dir", str(system.run_dir.root), "--prefix", meter.stack.prefix]
    with meter.progress.doing("audit"):
        process = await asyncio.create_subprocess_exec(
            *command, *place, stdout=asyncio.subprocess.PIPE
        )
        told, _ = await process.communicate()
    document = json.loads(told)
    holds = process.returncode == 0 and document.get("holds", False)
    if not holds:
        run.failures.append(f"the audit does not hold: {_broken(document)}")
    run.found["audit"] = {"holds": holds, "orders": wanted, "statuses": counts}
    meter.progress.say(f"audit of {wanted} orders: {'holds' if holds else 'DOES NOT HOLD'}")


STAGES: dict[str, Callable[[Run], Awaitable[None]]] = {
    "sustained": search,
    "latency": latencies,
    "idle": idle,
    "pairs": pairs,
    "flame": flame,
    "console": with_console.console,
}
# Those that run when none is named; py-spy slows what it looks at.
USUAL = ("sustained", "latency", "idle", "pairs")


async def run_stages(run: Run, names: Sequence[str]) -> None:
    """The chosen stages, and the audit always."""
    for name, stage in STAGES.items():
        if name in names:
            await stage(run)
    await audit(run)
    run.failures += run.meter.trouble


def _figures(one: Measured) -> Json:
    """CPU, memory and bytes of one load."""
    placed = one.outcome.placed
    generator = one.cpu_s.get("generator", 0.0)
    system = {name: spent for name, spent in one.cpu_s.items() if name != "generator"}
    return {
        "cpu_s_per_1000": {
            **per_1000(system, placed),
            "generator": round(generator / max(placed, 1) * 1000, 3),
        },
        "bytes_per_order": {
            name: round(grown / max(placed, 1)) for name, grown in one.stored_bytes.items()
        },
        "rss_mb": {name: round(size, 1) for name, size in one.rss_mb.items()},
        "rss_mb_per_10_min": one.rss_mb_per_10_min,
        "drained_s": one.drained_s,
        "acknowledged_ms": one.outcome.acknowledged_ms,
        "told_again": one.outcome.told_again,
        "other_cpus": one.other_cpus,
        "generator_late_ms_max": one.outcome.late_ms_max,
    }


def _trial(one: Measured) -> Json:
    return {
        "rate": one.ask.rate,
        "seconds": one.ask.seconds,
        "orders_s": one.outcome.orders_s,
        "sustained": one.sustained,
        "obstacles": one.obstacles,
        **one.outcome.latency_ms,
    }


def _broken(document: Json) -> list[str]:
    if "error" in document:
        return [str(document["error"])]
    promises = [
        each for answer in document["services"].values() for each in answer.get("invariants", [])
    ]
    return [
        f"{one['name']}: {one.get('broken') or one.get('unchecked')}"
        for one in [*promises, *document["comparisons"]]
        if one.get("broken") or one.get("unchecked")
    ]
