"""What an order costs when many are stored already, and when every service runs more than once."""

from tests.bench.figures import figures, spread
from tests.bench.measuring import Ask, Measured, Meter
from tests.bench.spec import Json
from tests.bench.systems import Systems

FIRST_FILL_S = 0.5
FILL_S_MAX = 60.0


async def growth(systems: Systems) -> None:
    """Closed loops on one system, at more and more orders that it has stored."""
    told = systems.found.setdefault("growth", {})
    async with systems.one() as run:
        for size in systems.plan.stored:
            await _fill(run.meter, size)
            stored = run.meter.placed
            told[str(size)] = {"stored": stored, **_told(await _closed(run.meter, times=1))}


async def instances(systems: Systems) -> None:
    """Closed loops on systems that have each service once, twice and so on."""
    told = systems.found.setdefault("by_instances", {})
    for number in systems.plan.instances:
        async with systems.one(number) as run:
            told[str(number)] = _told(await _closed(run.meter, times=systems.plan.turns))


async def _fill(meter: Meter, size: int) -> None:
    """Until at least ``size`` orders were placed and are done with."""
    rate, patience_s = 0.0, meter.plan.drain_s
    while (left := size - meter.placed) > 0:
        seconds = min(FILL_S_MAX, left / rate) if rate else FIRST_FILL_S
        ask = Ask("kafka", seconds, in_flight=meter.plan.in_flight[-1], patience_s=patience_s)
        outcome = (await meter.measure(ask)).outcome
        rate = max(1.0, outcome.orders_s)
        meter.progress.say(f"{meter.placed} of {size} orders stored, {rate:g}/s")


async def _closed(meter: Meter, times: int) -> list[Measured]:
    ask = Ask("kafka", meter.plan.closed_s, in_flight=meter.plan.in_flight[-1])
    return [await meter.measure(ask) for _ in range(times)]


def _told(loads: list[Measured]) -> Json:
    """Rates of all, and what the last cost: by then everything was warm."""
    return {"orders_s": spread([one.outcome.orders_s for one in loads]), **figures(loads[-1])}
