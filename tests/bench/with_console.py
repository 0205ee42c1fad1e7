"""The console beside the system: what it takes at a rate, and what its followers cost orders."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from statistics import median
from typing import Literal, TypeAlias

import aiohttp
from local_runtime.config import CONSOLE

from tests.bench.measuring import DRAIN_LOOK_S, Ask, Meter
from tests.bench.run import Run
from tests.bench.spec import Json
from tests.support.waiting import pause

Followed: TypeAlias = Literal["nothing", "now", "orders"]
FOLLOWED: tuple[Followed, ...] = ("nothing", "now", "orders")
FOLLOWERS = 50
SILENT_MAX_S = 60.0
_DECIDED = "SELECT count(*) FROM orders WHERE outcome IS NOT NULL"
_NEWEST = "SELECT order_id FROM orders ORDER BY order_id DESC LIMIT $1"
_SPANS = "SELECT count(*) FROM spans"


@dataclass(frozen=True)
class Turn:
    """One load while ``FOLLOWERS`` follow Now, or an order's page each, or nobody does.

    ``console_cores`` is all of the console's CPU time until it had every order, put upon the orders
    and their rate; ``console_late_s`` is how long that took once nothing waited elsewhere.
    ``told_min`` is how often the follower was told something who was told least. With ``obstacles``
    the rate was not kept up, and latencies tell of that; ``other_cpus`` is what else was used.
    """

    followed: Followed
    orders_s: float
    p50_ms: float
    p99_ms: float
    console_cores: float
    console_late_s: float
    told_min: int
    obstacles: list[str]
    other_cpus: float


@dataclass
class Follower:
    """A browser's open stream."""

    url: str
    told: int = 0

    async def follow(self, http: aiohttp.ClientSession) -> None:
        last = b""
        async with http.get(self.url) as answer:
            answer.raise_for_status()
            async for chunk in answer.content.iter_any():
                self.told += (last + chunk).count(b"\n\n")
                last = chunk[-1:]


async def console(run: Run) -> None:
    """In turns, at the last of the plan's rates, or a lower one that was asked for or found."""
    meter = run.meter
    rate = float(meter.plan.rates[-1])
    rate = min(rate, run.sustained.get("kafka") or rate)
    kinds = [kind for _ in range(meter.plan.pairs) for kind in FOLLOWED]
    turns = [await _turn(meter, kind, rate) for kind in kinds]
    run.found["console"] = {
        "rate": rate,
        "followers": FOLLOWERS,
        "median": {kind: _median([one for one in turns if one.followed == kind]) for kind in kinds},
        "turns": [asdict(one) for one in turns],
        "spans_kept": await meter.stack.backlogs.databases[CONSOLE].fetchval(_SPANS),
    }


async def _turn(meter: Meter, followed: Followed, rate: float) -> Turn:
    before_s = meter.stack.groups.cpu_s()[CONSOLE]
    async with _following(meter, await _urls(meter, followed)) as followers:
        one = await meter.measure(Ask("kafka", meter.plan.latency_s, rate=rate))
        late_s = await _caught_up(meter)
    spent_s = meter.stack.groups.cpu_s()[CONSOLE] - before_s
    latency = one.outcome.latency_ms
    made = Turn(
        followed=followed,
        orders_s=one.outcome.orders_s,
        p50_ms=latency.get("p50", 0.0),
        p99_ms=latency.get("p99", 0.0),
        console_cores=round(spent_s * rate / max(one.outcome.placed, 1), 3),
        console_late_s=late_s,
        told_min=min((each.told for each in followers), default=0),
        obstacles=one.obstacles,
        other_cpus=one.other_cpus,
    )
    meter.progress.say(f"followed: {followed}  the console took {made.console_cores:g} of a core")
    return made


async def _urls(meter: Meter, followed: Followed) -> list[str]:
    """As many as there are followers; of orders those that came last, over and over if few."""
    at = meter.stack.system.addresses.services[CONSOLE]
    if followed == "now":
        return [f"{at}/now/live"] * FOLLOWERS
    if followed == "nothing":
        return []
    rows = await meter.stack.backlogs.databases[CONSOLE].fetch(_NEWEST, FOLLOWERS)
    ids = [row["order_id"] for row in rows]
    return [f"{at}/orders/{ids[n % len(ids)]}/live" for n in range(FOLLOWERS)]


@asynccontextmanager
async def _following(meter: Meter, urls: Sequence[str]) -> AsyncIterator[list[Follower]]:
    """Every stream is open until the end of the block; one that was not is told as trouble."""
    followers = [Follower(url) for url in urls]
    timeout = aiohttp.ClientTimeout(total=None, sock_read=SILENT_MAX_S)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        tasks = [asyncio.create_task(one.follow(http)) for one in followers]
        yield followers
        lost = sum(task.done() for task in tasks) + sum(not one.told for one in followers)
        if lost:
            meter.trouble.append(f"{lost} followers were cut off or told nothing")
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _caught_up(meter: Meter) -> float:
    """Wait until the console knows what became of every order; how long that took, in seconds."""
    started = time.monotonic()
    wanted = meter.placed - meter.refused
    while await meter.stack.backlogs.databases[CONSOLE].fetchval(_DECIDED) < wanted:
        if time.monotonic() - started > meter.plan.drain_s:
            meter.trouble.append(f"the console is still behind after {meter.plan.drain_s:g} s")
            break
        await pause(DRAIN_LOOK_S)
    return round(time.monotonic() - started, 1)


def _median(turns: Sequence[Turn]) -> Json:
    names = ("orders_s", "p50_ms", "p99_ms", "console_cores", "console_late_s")
    return {name: median(getattr(one, name) for one in turns) for name in names}
