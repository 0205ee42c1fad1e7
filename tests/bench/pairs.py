"""Ours, the limit and the peers in turns, so that all of them meet the same machine."""

from dataclasses import dataclass, field

from tests.bench import peers
from tests.bench.figures import spread
from tests.bench.limits import limits
from tests.bench.measuring import Ask, Meter
from tests.bench.spec import Intake, Json


@dataclass
class Pair:
    """Orders a second of one turn, and latencies at the peers' rates."""

    ours: dict[str, float] = field(default_factory=dict)
    latency_ms: Json = field(default_factory=dict)
    limits: dict[str, float] = field(default_factory=dict)
    faststream: Json | None = None

    def ratios(self) -> dict[str, float]:
        """Ours to each other, by the names of the document."""
        found: dict[str, float] = {}
        if self.limits:
            one = max(rate for name, rate in self.limits.items() if name.startswith("one"))
            hundred = self.limits["batch_100_c4"]
            found |= _of(self.ours, "kafka", {"pgbench_one_transaction": one})
            found |= _of(self.ours, "kafka", {"pgbench_batch_100": hundred})
        if self.faststream is not None:
            theirs = float(self.faststream["orders_s"])
            found |= _of(self.ours, "kafka", {"plain_faststream": theirs})
            found |= _of(self.ours, "http", {"plain_faststream_http": theirs})
            found |= self._latency_ratios(self.faststream["latency_ms"])
        return found

    def _latency_ratios(self, theirs: Json) -> dict[str, float]:
        asked = (("20", "p50"), ("100", "p99"))
        return {
            f"{name}_at_{rate}": round(self.latency_ms[rate][name] / theirs[rate][name], 3)
            for rate, name in asked
            if rate in theirs and self.latency_ms.get(rate)
        }


async def pair(meter: Meter, rates: dict[Intake, float]) -> Pair:
    """One turn: ours at the rates that it sustains, then the limit, then the peer."""
    plan, made = meter.plan, Pair()
    for intake, rate in rates.items():
        found = await meter.measure(Ask(intake, plan.pair_s, rate=rate))
        made.ours[intake] = found.outcome.orders_s
    wanted = peers.asked(plan.peers)
    if peers.FASTSTREAM in wanted and peers.missing() is None:
        for rate in peers.RATES:
            found = await meter.measure(Ask("kafka", plan.pair_s, rate=rate))
            if not found.hopeless:
                made.latency_ms[str(rate)] = found.outcome.latency_ms
        with meter.progress.doing("plain FastStream"):
            made.faststream = await _faststream(meter)
    if peers.PGBENCH in wanted:
        with meter.progress.doing("pgbench"):
            made.limits = await limits(meter.stack.admin_dsn, plan.limit_s)
    others = made.faststream["orders_s"] if made.faststream else "not run"
    meter.progress.say(f"pair: ours {made.ours}  limits {made.limits}  plain FastStream {others}")
    return made


async def _faststream(meter: Meter) -> Json | None:
    try:
        return await peers.faststream(meter.plan.pair_s)
    except peers.PeerFailedError as error:
        meter.progress.say(f"plain FastStream failed: {error}")
        return None


def summary(pairs: list[Pair]) -> Json:
    """Median, lowest and highest of each ratio over the pairs."""
    found: dict[str, list[float]] = {}
    for one in pairs:
        for name, ratio in one.ratios().items():
            found.setdefault(name, []).append(ratio)
    return {name: spread(each) for name, each in found.items()}


def _of(ours: dict[str, float], intake: str, theirs: dict[str, float]) -> dict[str, float]:
    return {
        name: round(ours[intake] / rate, 3)
        for name, rate in theirs.items()
        if ours.get(intake) and rate
    }
