"""One load and what it does to the system: latencies, CPU, memory, and whether it keeps up."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias
from uuid import uuid4

import psutil

from tests.bench.backlog import Counts, growing
from tests.bench.load import Load, a_load
from tests.bench.orders import Shape
from tests.bench.plan import Plan
from tests.bench.progress import Progress
from tests.bench.spec import Intake, Outcome, Spec
from tests.bench.stack import Stack
from tests.bench.usage import Cpu, cpu_s_of, machine_s, mb_per_10_min, used
from tests.support.waiting import pause

# Several times between two commits of a group, which come every two seconds.
LOOK_EVERY_S = 0.5
# A look at every process of the machine costs more than one at a queue.
WEIGH_EVERY_S = 5.0
# Whose backlog is longer than that many seconds of orders will not sustain the rate.
HOPELESS_S = 8.0
DRAIN_LOOK_S = 0.2
# From so much on, what other processes use is told with a figure.
DISTURBED_CPUS = 0.2
# Of what was placed in a window, what was confirmed in it.
KEPT_UP = 0.97

Beside: TypeAlias = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Ask:
    """A load to be made; ``rate`` in orders a second, or ``in_flight``.

    One with ``patience_s`` is to build up or to wait: it counts from its first order, its backlog
    is neither looked at nor judged, and its end is waited for so much longer.
    """

    intake: Intake
    seconds: float
    shape: Shape = "standard"
    rate: float = 0.0
    in_flight: int = 0
    large_every: int = 0
    patience_s: float = 0.0
    sampled: float | None = None

    def __str__(self) -> str:
        how = f"{self.rate:g}/s" if self.rate else f"{self.in_flight} in flight"
        more = f", every {self.large_every}th large" if self.large_every else ""
        more += "" if self.sampled is None else f", {100 * self.sampled:g} % traced"
        return f"{self.intake} {self.shape} {how}{more}"


@dataclass
class Measured:
    """``cpu_s`` by process from the first order until nothing waited, the generator's among them.

    ``other_cpus`` is how much of the machine processes that have nothing to do with it used.

    ``grown`` are the backlogs that grew; ``drained_s`` is how long it took until nothing waited.
    """

    ask: Ask
    outcome: Outcome
    grown: Counts
    hopeless: bool
    cpu_s: Cpu
    drained_s: float
    rss_mb: dict[str, float]
    rss_mb_per_10_min: dict[str, float]
    stored_bytes: dict[str, int]
    other_cpus: float

    @property
    def sustained(self) -> bool:
        """The system kept up, and all of it did."""
        return not self.obstacles

    @property
    def obstacles(self) -> list[str]:
        """Why the rate is not sustained."""
        outcome = self.outcome
        found = [f"{name} grew by {by}" for name, by in self.grown.items()]
        if self.hopeless:
            found.append("hopelessly behind")
        if outcome.refused or outcome.otherwise:
            found.append(f"{outcome.refused + outcome.otherwise} not confirmed")
        if outcome.orders_s < KEPT_UP * self.ask.rate:
            found.append(f"{outcome.orders_s:g}/s confirmed")
        return found


@dataclass
class Watch:
    """What waits and what is resident, looked at while a load goes on."""

    stack: Stack
    rate: float
    counts: list[Counts] = field(default_factory=list)
    rss: list[tuple[float, dict[str, float]]] = field(default_factory=list)
    hopeless: bool = False

    async def follow(self, load: Load, warm_s: float) -> None:
        """Until cancelled; a load that cannot be sustained is stopped."""
        await pause(warm_s)
        while True:
            self.counts.append(await self.stack.backlogs.look())
            self._weigh()
            if self.rate and max(self.counts[-1].values()) > HOPELESS_S * self.rate:
                self.hopeless = True
                load.stop()
            await pause(LOOK_EVERY_S)

    def _weigh(self) -> None:
        now = time.monotonic()
        if not self.rss or now - self.rss[-1][0] >= WEIGH_EVERY_S:
            self.rss.append((now, self.stack.groups.rss_mb()))

    def rss_slopes(self) -> dict[str, float]:
        names = self.rss[0][1] if self.rss else {}
        return {
            name: mb_per_10_min((at, found.get(name, 0.0)) for at, found in self.rss)
            for name in names
        }


@dataclass
class Meter:
    """Makes loads on one stack, one after the other; each starts when nothing waits."""

    stack: Stack
    plan: Plan
    progress: Progress
    placed: int = 0
    refused: int = 0
    trouble: list[str] = field(default_factory=list)

    async def measure(self, ask: Ask, beside: Beside | None = None) -> Measured:
        """Make the load, wait until nothing waits any more.

        ``beside`` begins with its first order, and is cancelled when the last has ended.
        """
        stack = self.stack
        stored, cpu = await stack.stored_bytes(), stack.groups.cpu_s()
        started, everything_s = time.monotonic(), machine_s() - cpu_s_of(psutil.Process())
        with self.progress.doing(str(ask)):
            outcome, watch = await self._loaded(ask, beside)
            drained_s = await self._drained()
        spent = {**used(cpu, stack.groups.cpu_s()), "generator": outcome.cpu_s}
        everything_s = machine_s() - cpu_s_of(psutil.Process()) - everything_s
        others_s = everything_s - sum(spent.values())
        grew = growing(watch.counts, ask.rate) if ask.rate else {}
        after = await stack.stored_bytes()
        self.placed += outcome.placed
        self.refused += outcome.refused
        self._note_trouble(ask, outcome, watch)
        made = Measured(
            ask=ask,
            outcome=outcome,
            grown=grew,
            hopeless=watch.hopeless,
            cpu_s=spent,
            drained_s=drained_s,
            rss_mb=watch.rss[-1][1] if watch.rss else {},
            rss_mb_per_10_min=watch.rss_slopes(),
            stored_bytes={name: after[name] - stored[name] for name in stored},
            other_cpus=round(max(0.0, others_s) / (time.monotonic() - started), 2),
        )
        if not ask.patience_s:
            self.progress.say(_line(made))
        return made

    async def _loaded(self, ask: Ask, beside: Beside | None) -> tuple[Outcome, Watch]:
        spec = self._spec(ask)
        watch = Watch(self.stack, spec.rate)
        async with (
            a_load(spec, self.progress.told) as load,
            during(load, beside),
            during(load, None if ask.patience_s else partial(watch.follow, load, spec.warm_s)),
        ):
            return await load.outcome(), watch

    async def _drained(self) -> float:
        """Wait until nothing waits; how long that took."""
        started = time.monotonic()
        while sum((await self.stack.backlogs.look()).values()):
            if time.monotonic() - started > self.plan.drain_s:
                self.trouble.append(f"not drained within {self.plan.drain_s:g} s")
                break
            await pause(DRAIN_LOOK_S)
        return round(time.monotonic() - started, 1)

    def _spec(self, ask: Ask) -> Spec:
        stack = self.stack
        warm_s = 0.0 if ask.patience_s else self.plan.warm_s
        return Spec(
            kafka=stack.kafka,
            prefix=stack.prefix,
            orders_url=stack.orders_url,
            intake=ask.intake,
            shape=ask.shape,
            seconds=ask.seconds + warm_s,
            rate=ask.rate,
            in_flight=ask.in_flight,
            warm_s=warm_s,
            drain_s=self.plan.drain_s + ask.patience_s,
            slice_s=self.plan.slice_s,
            large_every=ask.large_every,
            sampled=ask.sampled,
            seed=self.placed,
            run=f"b{uuid4().hex[:8]}",
        )

    def _note_trouble(self, ask: Ask, outcome: Outcome, watch: Watch) -> None:
        self.trouble += [f"{ask}: {one}" for one in outcome.trouble if not watch.hopeless]
        if outcome.outstanding and not watch.hopeless:
            self.trouble.append(f"{ask}: {outcome.outstanding} orders were never decided")


@asynccontextmanager
async def during(load: Load, work: Beside | None) -> AsyncIterator[None]:
    """``work`` goes on from the load's beginning on; when it fails the block ends at once."""

    async def begun() -> None:
        await load.begun.wait()
        if work is not None:
            await work()

    async with asyncio.TaskGroup() as group:
        working = group.create_task(begun())
        yield
        working.cancel()


def _line(one: Measured) -> str:
    outcome = one.outcome
    latency = outcome.latency_ms
    told = f"p50 {latency['p50']:.1f}  p99 {latency['p99']:.1f} ms" if latency else "no latencies"
    words = f"  {'; '.join(one.obstacles)}" if one.ask.rate and one.obstacles else ""
    if outcome.told_again:
        words += f"  (told to come back {outcome.told_again} times)"
    if one.other_cpus >= DISTURBED_CPUS:
        words += f"  (others used {one.other_cpus:g} CPUs)"
    return f"{one.ask!s:<36} {outcome.orders_s:8.1f}/s  {told}  drained {one.drained_s:g} s{words}"
