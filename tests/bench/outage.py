"""A broker that is away for a while under load, and how long orders feel it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from statistics import median

from tests.bench.measuring import Ask, Measured
from tests.bench.run import Run
from tests.bench.search import rounded
from tests.bench.spec import Intake, Json
from tests.bench.stack import Stack
from tests.support.waiting import pause

# Orders wait as usual again when their p99 is at most so many times what it was before.
AS_USUAL = 2.0


@dataclass
class Outage:
    """Times are of the monotonic clock, in seconds."""

    stack: Stack
    before_s: float
    away_s: float
    down_at: float = 0.0
    back_at: float = 0.0

    async def happen(self) -> None:
        """The broker dies of SIGKILL, and is started again; it is back when it answers."""
        await pause(self.before_s)
        self.down_at = time.monotonic()
        await self.stack.stop_broker()
        await pause(self.away_s)
        await self.stack.start_broker()
        self.back_at = time.monotonic()


async def outage(run: Run) -> None:
    """At half of the highest rate, or the one that was asked for, by each way orders come in."""
    if not run.meter.stack.has_broker:
        run.found.setdefault("not_run", {})["outage"] = "the broker is not ours to stop"
        return
    for intake, shape in run.loads:
        if shape == "standard":
            told = await _one(run, intake)
            run.found.setdefault("outage", {})[intake] = told
            run.meter.progress.say(
                f"{intake}, broker away for {told['away_s']:g} s at {told['rate']:g}/s: as usual "
                f"{told['as_usual_after_s']} s later, by arithmetic {told['by_arithmetic_s']} s"
            )


async def _one(run: Run, intake: Intake) -> Json:
    meter, plan = run.meter, run.meter.plan
    full = await _full_orders_s(run, intake)
    rate = run.rate or rounded(full / 2)
    gone = Outage(meter.stack, plan.latency_s, plan.away_s)
    seconds = plan.latency_s + plan.away_s + plan.after_s
    ask = Ask(intake, seconds, rate=rate, patience_s=plan.drain_s)
    one = await meter.measure(ask, gone.happen)
    return {"rate": rate, "full_orders_s": full, **told_of(one, gone, full, plan.slice_s)}


async def _full_orders_s(run: Run, intake: Intake) -> float:
    """What was sustained, or what a closed loop does where that is not known."""
    if run.rate is None and intake in run.sustained:
        return run.sustained[intake]
    plan = run.meter.plan
    closed = Ask(intake, plan.closed_s, in_flight=plan.in_flight[-1])
    return (await run.meter.measure(closed)).outcome.orders_s


def told_of(one: Measured, gone: Outage, full_orders_s: float, slice_s: float) -> Json:
    """What the orders of each window waited, beside what the backlog alone explains."""
    outcome, rate = one.outcome, one.ask.rate
    down_s, back_s = gone.down_at - outcome.started_at, gone.back_at - outcome.started_at
    backlog = rate * (back_s - down_s)
    return {
        "away_s": round(back_s - down_s, 1),
        "backlog_orders": round(backlog),
        "by_arithmetic_s": by_arithmetic_s(backlog, rate, full_orders_s),
        **recovery(outcome.windows, down_s, back_s, slice_s),
        "not_confirmed": outcome.placed - outcome.confirmed,
        "told_again": outcome.told_again,
        "windows": [
            {**window, "at_s": round(window["at_s"] - back_s, 1)} for window in outcome.windows
        ],
    }


def by_arithmetic_s(backlog: float, rate: float, full_orders_s: float) -> float | None:
    """Until a backlog is gone while orders go on coming; None when it never is."""
    spare = full_orders_s - rate
    return round(backlog / spare, 1) if spare > 0 else None


def recovery(
    windows: Sequence[dict[str, float]], down_s: float, back_s: float, slice_s: float
) -> Json:
    """When the orders of a window waited as usual again, in seconds after the broker was back.

    ``as_usual_after_s`` is the beginning of the first window since then that did,
    ``for_good_after_s`` of the first after which all did; None when none did. Until then, or until
    nothing was left, ``caught_up_orders_s`` ended.
    """
    full = [one for one in windows if "p99" in one]
    before = [one["p99"] for one in full if one["at_s"] + slice_s <= down_s]
    since = [one for one in full if one["at_s"] + slice_s > back_s]
    usual = median(before) if before else 0.0
    well = [one["p99"] <= AS_USUAL * usual for one in since]
    first = well.index(True) if True in well else None
    good = len(well) - well[::-1].index(False) if False in well else 0
    starts = [max(0.0, one["at_s"] - back_s) for one in since]
    until = inf if first is None else since[first]["at_s"]
    meanwhile = [one["ended"] for one in windows if back_s <= one["at_s"] < until]
    return {
        "p99_before_ms": usual,
        "as_usual_after_s": None if first is None else round(starts[first], 1),
        "for_good_after_s": round(starts[good], 1) if good < len(starts) else None,
        "caught_up_orders_s": _a_second(meanwhile, slice_s),
    }


def _a_second(ended: Sequence[float], slice_s: float) -> float | None:
    return round(sum(ended) / (len(ended) * slice_s), 1) if ended else None
