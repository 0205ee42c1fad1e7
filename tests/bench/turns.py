"""Two loads in turns on one system, so that both meet the same machine."""

from dataclasses import replace

from tests.bench.figures import spread
from tests.bench.measuring import Ask, Measured
from tests.bench.orders import LARGE_LINES
from tests.bench.run import Run


async def hot(run: Run) -> None:
    """What a closed loop does when every order wants one SKU, and when they want any."""
    plan = run.meter.plan
    usual = Ask("kafka", plan.closed_s, in_flight=plan.in_flight[-1])
    turns = await _turns(run, usual, replace(usual, shape="hot"))
    rates = [(one.outcome.orders_s, other.outcome.orders_s) for one, other in turns]
    told = {
        "in_flight": usual.in_flight,
        "standard_orders_s": spread([one for one, _ in rates]),
        "hot_orders_s": spread([other for _, other in rates]),
        "ratio": spread([other / one for one, other in rates if one]),
    }
    run.found["hot"] = told
    run.meter.progress.say(f"one SKU in all orders: {told['ratio']} of the usual rate")


async def large(run: Run) -> None:
    """What small orders wait at a fixed rate, without and with large ones among them."""
    plan = run.meter.plan
    small = Ask("kafka", plan.latency_s, rate=run.rate or plan.large_rate)
    turns = await _turns(run, small, replace(small, large_every=plan.large_every))
    waits = [(_p99_ms(one), _p99_ms(other)) for one, other in turns]
    told = {
        "rate": small.rate,
        "large_every": plan.large_every,
        "large_lines": LARGE_LINES,
        "p99_ms_without": spread([one for one, _ in waits]),
        "p99_ms_with": spread([other for _, other in waits]),
        "ratio": spread([other / one for one, other in waits if one]),
        "large_p99_ms": spread([other.outcome.large_ms.get("p99", 0.0) for _, other in turns]),
    }
    run.found["large"] = told
    run.meter.progress.say(f"large orders among small ones: p99 {told['ratio']} of the usual one")


async def _turns(run: Run, one: Ask, other: Ask) -> list[tuple[Measured, Measured]]:
    meter = run.meter
    return [(await meter.measure(one), await meter.measure(other)) for _ in range(meter.plan.turns)]


def _p99_ms(one: Measured) -> float:
    """0 when no order of the window has ended."""
    return one.outcome.latency_ms.get("p99", 0.0)
