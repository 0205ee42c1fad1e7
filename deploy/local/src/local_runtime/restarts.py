"""When a dead process is started again, and when that is given up."""

from collections import deque
from dataclasses import dataclass

WRONG_SETTING_EXIT_CODE = 78


@dataclass(frozen=True)
class RestartLimits:
    """The pauses before successive starts, and the deaths that end it all."""

    delays_s: tuple[float, ...] = (0.0, 1.0, 2.0, 4.0, 8.0, 10.0)
    deaths_max: int = 5
    window_s: float = 60.0


class RestartRule:
    """Counts the deaths of one process."""

    def __init__(self, limits: RestartLimits) -> None:
        self._limits = limits
        self._deaths_s: deque[float] = deque()
        self._in_a_row = 0

    def died(self, *, now_s: float, lived_s: float) -> float | None:
        """The pause before the next start in seconds, or None: give up."""
        self._forget_before(now_s - self._limits.window_s)
        self._deaths_s.append(now_s)
        if len(self._deaths_s) >= self._limits.deaths_max:
            return None
        if lived_s >= self._limits.window_s:
            self._in_a_row = 0
        delay_s = self._limits.delays_s[min(self._in_a_row, len(self._limits.delays_s) - 1)]
        self._in_a_row += 1
        return delay_s

    def _forget_before(self, oldest_s: float) -> None:
        while self._deaths_s and self._deaths_s[0] < oldest_s:
            self._deaths_s.popleft()
