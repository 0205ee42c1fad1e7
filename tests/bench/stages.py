"""The parts of the benchmark, in their order; each adds its figures to the document."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from functools import partial

from local_runtime.config import SERVICES

from tests.bench import flames, peers, with_console
from tests.bench.figures import figures, trial
from tests.bench.flood import drain
from tests.bench.growth import growth, instances
from tests.bench.measuring import Ask, Measured
from tests.bench.orders import Shape
from tests.bench.outage import outage
from tests.bench.pairs import pair, summary
from tests.bench.run import Run
from tests.bench.search import confirmed, highest, rounded
from tests.bench.spec import Intake, Json
from tests.bench.stack import Stack
from tests.bench.systems import Systems
from tests.bench.traced import traced
from tests.bench.turns import hot, large
from tests.bench.usage import used
from tests.support.waiting import eventually, pause

# From what a closed loop does to the rate that is tried first.
FIRST, FIRST_UNTRIED = 0.9, 0.5
VACUUMED_WITHIN_S, LOOKS, LOOK_EVERY_S = 180.0, 5, 1.0


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
    told |= {"orders_s": held, "window_s": plan.window_s, **figures(kept[-1])}
    told["trials"] = [trial(one) for one in kept]
    return told


async def one_rate(run: Run, ask: Ask) -> None:
    """One load, for whoever looks at one thing."""
    one = await run.meter.measure(ask)
    run.found["load"] = {"of": str(ask), **trial(one), **figures(one)}


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
            told[name] = {**one.outcome.latency_ms, **figures(one), "rate": rate}
        run.found["latency_ms" if intake == "kafka" else "latency_ms_http"] = told


async def idle(run: Run) -> None:
    """What the system uses when nobody orders, as percent of one core.

    What a load has left to do is that load's: PostgreSQL looks once a minute for what to vacuum.
    """
    meter, seconds = run.meter, run.meter.plan.idle_s
    with meter.progress.doing("until nothing is vacuumed any more"):
        await pause(meter.plan.settle_s)
        await eventually(partial(_at_rest, meter.stack), "the end of vacuums", VACUUMED_WITHIN_S)
    before = meter.stack.groups.cpu_s()
    with meter.progress.doing(f"idle for {seconds:g} s"):
        await pause(seconds)
    spent = used(before, meter.stack.groups.cpu_s())
    told = {name: round(100 * cpu_s / seconds, 2) for name, cpu_s in spent.items()}
    told["total"] = round(sum(told.values()), 2)
    run.found["idle_cpu_percent"] = told
    meter.progress.say(f"idle: {told['total']:g} % of a core")


async def _at_rest(stack: Stack) -> bool:
    """Whether nothing was vacuumed at several looks in a row: there are pauses between tables."""
    for _ in range(LOOKS):
        if not await stack.is_vacuumed():
            return False
        await pause(LOOK_EVERY_S)
    return True


async def pairs(run: Run) -> None:
    """Ours, the limit and the peers in turns."""
    meter = run.meter
    wanted = peers.asked(meter.plan.peers)
    lacking = peers.missing() if peers.FASTSTREAM in wanted else "not asked for"
    if lacking:
        meter.progress.say(f"plain FastStream is not run: {lacking}")
    elif (its := peers.python()) != sys.version:
        meter.progress.say(f"plain FastStream has another build of Python, which tells: {its}")
    try:
        made = [await pair(meter, run.sustained) for _ in range(meter.plan.pairs)]
    finally:
        await peers.down()
    ratios = summary(made)
    run.found["pairs"] = [asdict(one) for one in made]
    run.found["ratio_ranges"] = ratios
    run.found["ratios"] = {name: one["median"] for name, one in ratios.items()}
    run.found.setdefault("not_run", {}).update({"plain_faststream": lacking} if lacking else {})


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


# Those on one system, in their order, and those that boot systems of their own.
STAGES: dict[str, Callable[[Run], Awaitable[None]]] = {
    "sustained": search,
    "latency": latencies,
    "idle": idle,
    "pairs": pairs,
    "hot": hot,
    "large": large,
    "outage": outage,
    "drain": drain,
    "flame": flame,
    "console": with_console.console,
}
ALONE: dict[str, Callable[[Systems], Awaitable[None]]] = {
    "growth": growth,
    "instances": instances,
    "traced": traced,
}
NAMES = (*STAGES, *ALONE)
# Those that run when none is named; py-spy slows what it looks at.
USUAL = ("sustained", "latency", "idle", "pairs")
ALL = tuple(name for name in NAMES if name != "flame")


async def run_stages(run: Run, names: Sequence[str]) -> None:
    """The chosen ones of those on one system."""
    for name, stage in STAGES.items():
        if name in names:
            await stage(run)
