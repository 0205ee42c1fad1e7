"""What the document tells of one load."""

from collections.abc import Sequence
from statistics import median

from tests.bench.measuring import Measured
from tests.bench.spec import Json
from tests.bench.usage import per_1000


def figures(one: Measured) -> Json:
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


def trial(one: Measured) -> Json:
    """Whether a rate was sustained, and what it did."""
    return {
        "rate": one.ask.rate,
        "seconds": one.ask.seconds,
        "orders_s": one.outcome.orders_s,
        "sustained": one.sustained,
        "obstacles": one.obstacles,
        **one.outcome.latency_ms,
    }


def spread(values: Sequence[float]) -> Json:
    """Median, lowest and highest; empty when there is no value."""
    if not values:
        return {}
    named = {"median": median(values), "low": min(values), "high": max(values)}
    return {name: round(value, 3) for name, value in named.items()}
