"""The search for the highest rate that is sustained."""

from collections.abc import Awaitable, Callable
from math import sqrt

# Two rates so near that the one is as good as the other.
NEAR = 1.05
UP, DOWN = 1.25, 0.75
LESS = 0.95

# Whether a rate is sustained for so many seconds.
Try = Callable[[float, float], Awaitable[bool]]


async def highest(tried: Try, start: float, trial_s: float, trials_max: int) -> float | None:
    """The highest rate that held for a short trial; None when none did."""
    low: float | None = None
    high: float | None = None
    rate = rounded(start)
    for _ in range(trials_max):
        if await tried(rate, trial_s):
            low = rate
        else:
            high = rate
        if low is not None and high is not None and high <= NEAR * low:
            break
        rate = _next(low, high, rate)
    return low


async def confirmed(tried: Try, rate: float, window_s: float, windows_max: int) -> float | None:
    """The rate, or the first a little lower, that holds for the whole window."""
    for _ in range(windows_max):
        if await tried(rate, window_s):
            return rate
        rate = rounded(LESS * rate)
    return None


def rounded(rate: float) -> float:
    """Three significant digits, and at least one order a second."""
    return max(1.0, float(f"{rate:.3g}"))


def _next(low: float | None, high: float | None, rate: float) -> float:
    if high is None:
        return rounded(UP * rate)
    if low is None:
        return rounded(DOWN * rate)
    return rounded(sqrt(low * high))
