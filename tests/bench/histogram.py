"""Latencies: of a load as an HDR histogram of three digits, and window by window."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable

from hdrh.histogram import HdrHistogram

HIGHEST_US = 3_600_000_000
PERCENTILES = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p99_9": 99.9, "max": 100.0}


class Latencies:
    """Takes seconds, gives milliseconds."""

    def __init__(self) -> None:
        self._recorded = HdrHistogram(1, HIGHEST_US, 3)

    def note(self, seconds: float) -> None:
        self._recorded.record_value(min(max(int(seconds * 1e6), 1), HIGHEST_US))

    @property
    def count(self) -> int:
        return int(self._recorded.get_total_count())

    def percentiles_ms(self) -> dict[str, float]:
        """By name; empty when nothing was noted."""
        if not self.count:
            return {}
        return {
            name: round(self._recorded.get_value_at_percentile(at) / 1000, 2)
            for name, at in PERCENTILES.items()
        }


class Timeline:
    """Latencies by the window of ``window_s`` in which an order was placed; takes seconds."""

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._latencies: dict[int, array[float]] = defaultdict(lambda: array("d"))
        self._ended: Counter[int] = Counter()

    def note(self, placed_s: float, ended_s: float) -> None:
        """Both since the load's start."""
        self._latencies[int(placed_s // self._window_s)].append(ended_s - placed_s)
        self._ended[int(ended_s // self._window_s)] += 1

    def windows(self) -> list[dict[str, float]]:
        """Each that something was placed or ended in, by its start ``at_s``.

        ``p50`` and ``p99`` are in ms, of the ``placed``; ``ended`` are those that ended in it.
        """
        return [
            {
                "at_s": round(number * self._window_s, 3),
                "ended": self._ended[number],
                "placed": len(self._latencies.get(number, ())),
                **recent_ms(self._latencies.get(number, ())),
            }
            for number in sorted({*self._latencies, *self._ended})
        ]


def recent_ms(latencies_s: Iterable[float]) -> dict[str, float]:
    """Median and 99th percentile; a histogram takes so long to be read that others would wait."""
    ordered = sorted(latencies_s)
    if not ordered:
        return {}
    at = {"p50": 0.5, "p99": 0.99}
    return {name: round(1000 * ordered[int(share * len(ordered))], 2) for name, share in at.items()}
