"""Restraint: a provider that was away does not get all that waited for it at once."""

from dataclasses import dataclass
from math import exp

UNANSWERED_MIN = 5
PROBES_PER_S = 1.0
MORE_THAN_USUAL = 1.5
CALLS_PER_S_MIN = 10.0
MEAN_OVER_S, CALM_S = 30.0, 30.0
GROWTH = 1.5
# A call waits under its lease, which has 5 s more than the call itself may take.
WAIT_S_MAX = 4.0


@dataclass
class Restraint:
    """Free while the provider answers; ``now`` is in seconds of a clock that never goes back.

    After ``UNANSWERED_MIN`` calls in a row without an answer only ``PROBES_PER_S`` are made until
    one has an answer; then at most half as many again a second as were answered before, and half
    as many again for every ``CALM_S`` since.
    That ends when for ``CALM_S`` every call has had an answer and none has had to wait.
    """

    _usual_per_s: float = 0.0
    _answered_at: float = 0.0
    _unanswered: int = 0
    _unanswered_at: float = 0.0
    _until: float = 0.0
    _free_at: float = 0.0

    def wait_s(self, now: float) -> float | None:
        """How long the next call has to wait for its turn; nothing when that is too long."""
        if now >= self._until:
            return 0.0
        at = max(now, self._free_at)
        if at - now > WAIT_S_MAX:
            return None
        self._free_at = at + 1 / self._calls_per_s(now)
        if at > now:
            self._until = max(self._until, now + CALM_S)
        return at - now

    def answered(self, now: float) -> None:
        if self._unanswered >= UNANSWERED_MIN:
            self._free_at = now
        self._unanswered = 0
        if now >= self._until:
            since_s = now - self._answered_at
            self._usual_per_s = self._usual_per_s * exp(-since_s / MEAN_OVER_S) + 1 / MEAN_OVER_S
            self._answered_at = now

    def unanswered(self, now: float) -> None:
        self._unanswered += 1
        self._unanswered_at = now
        if self._unanswered >= UNANSWERED_MIN or now < self._until:
            self._until = now + CALM_S

    def _calls_per_s(self, now: float) -> float:
        if self._unanswered >= UNANSWERED_MIN:
            return PROBES_PER_S
        calm = int((now - self._unanswered_at) / CALM_S)
        return max(CALLS_PER_S_MIN, MORE_THAN_USUAL * self._usual_per_s) * GROWTH**calm
