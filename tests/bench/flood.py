"""Orders that wait in Kafka while no service runs, and the services that are then started."""

import time
from dataclasses import dataclass, field

from tests.bench.figures import figures
from tests.bench.measuring import Ask
from tests.bench.run import Run
from tests.bench.spec import Json
from tests.bench.stack import Stack
from tests.support.waiting import eventually, pause

PLACED_PER_S = 5_000
# Slower than that it is given up, and has failed.
SLOWEST_ORDERS_S = 50
IN_KAFKA_WITHIN_S = 120.0
WEIGH_EVERY_S = 1.0


@dataclass
class Flood:
    """``orders`` that wait, and what the services have of memory while they work them off."""

    stack: Stack
    orders: int
    started_at: float = 0.0
    ready_at: float = 0.0
    highest_mb: dict[str, float] = field(default_factory=dict)

    async def let_in(self) -> None:
        """Start the services once all orders wait, then weigh them until cancelled."""
        await eventually(self._all_wait, "all orders in Kafka", IN_KAFKA_WITHIN_S)
        self.started_at = time.monotonic()
        await self.stack.start_services()
        self.ready_at = time.monotonic()
        while True:
            for name, size in self.stack.groups.rss_mb().items():
                self.highest_mb[name] = max(size, self.highest_mb.get(name, 0.0))
            await pause(WEIGH_EVERY_S)

    async def _all_wait(self) -> bool:
        waiting = await self.stack.backlogs.look()
        return waiting["lag orders-intake"] >= self.orders


async def drain(run: Run) -> None:
    """How soon all are confirmed, how much memory that takes, and whether any came too late."""
    meter, stack, orders = run.meter, run.meter.stack, run.meter.plan.flood
    flood, before_mb = Flood(stack, orders), stack.groups.rss_mb()
    await stack.stop_services()
    seconds, patience_s = orders / PLACED_PER_S, orders / SLOWEST_ORDERS_S
    ask = Ask("kafka", seconds, rate=PLACED_PER_S, patience_s=patience_s)
    one = await meter.measure(ask, flood.let_in)
    outcome, since_s = one.outcome, time.monotonic() - flood.started_at
    took_s = outcome.ended_at - flood.started_at
    told = {
        "orders": outcome.placed,
        "not_confirmed": outcome.placed - outcome.confirmed,
        "seconds": round(took_s, 1),
        "orders_s": round(outcome.confirmed / took_s, 1),
        "services_ready_s": round(flood.ready_at - flood.started_at, 1),
        **await stack.decided_within(since_s),
        "cpu_s_per_1000": figures(one)["cpu_s_per_1000"],
        "rss_mb": _memory(before_mb, flood.highest_mb, stack.groups.rss_mb()),
    }
    run.found["drain"] = told
    meter.progress.say(f"{orders} orders that waited: {told['orders_s']:g}/s")


def _memory(before: dict[str, float], highest: dict[str, float], after: dict[str, float]) -> Json:
    """By process, in MB."""
    return {
        name: {
            "before": round(size, 1),
            "highest": round(max(highest.get(name, 0.0), after[name]), 1),
            "after": round(after[name], 1),
        }
        for name, size in before.items()
    }
