"""Latencies in an HDR histogram: three significant digits from a microsecond to an hour."""

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
