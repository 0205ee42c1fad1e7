"""Restraint: a provider that was away does not get all that waited for it at once."""

from dataclasses import dataclass
from math import exp

UNANSWERED_MIN = 5
PROBES_PER_S = 1.0
MORE_THAN_USUAL, GROWTH = 2.0, 1.5
CALLS_PER_S_MIN = 20.0
MEAN_OVER_S, COUNTED_MIN_S, CALM_S = 30.0, 5.0, 30.0
NO_LIMIT = 1_000_000


@dataclass
class Restraint:
    """How much work may begin that needs the provider; ``now`` is of a clock that only goes on.

    There is no limit while the provider answers. After ``UNANSWERED_MIN`` calls in a row without
    an answer only ``PROBES_PER_S`` are made until one has an answer; then twice as many as were
    usual before, and half as many again for every ``CALM_S`` since. That ends when for ``CALM_S``
    the provider was never away and nothing has had to wait.

    A call without an answer says that the provider is away only if no other call was answered
    since it began: of many at once those that hang end together, after all that were answered.
    """

    _counted_per_s: float = 0.0
    _counted_since: float | None = None
    _counted_to: float = 0.0
    _answered_at: float = 0.0
    _unanswered: int = 0
    _unanswered_at: float = 0.0
    _until: float = 0.0
    _calls: float = 0.0
    _counted_at: float = 0.0

    def room(self, now: float) -> int:
        """How many calls may begin now."""
        if now >= self._until:
            return NO_LIMIT
        per_s = self._calls_per_s(now)
        self._calls = min(per_s, self._calls + per_s * (now - self._counted_at))
        self._counted_at = now
        return max(0, int(self._calls))

    def called(self, now: float) -> None:
        self._calls -= 1
        if now < self._until and self._calls < 1:
            self._until = now + CALM_S

    def answered(self, now: float) -> None:
        self._unanswered, self._answered_at = 0, now
        if now >= self._until:
            if self._counted_since is None:
                self._counted_since = self._counted_to = now
            kept = exp((self._counted_to - now) / MEAN_OVER_S)
            self._counted_per_s = self._counted_per_s * kept + 1 / MEAN_OVER_S
            self._counted_to = now

    def unanswered(self, now: float, called_at: float) -> None:
        """A call that began at ``called_at`` is given up."""
        if self._answered_at > called_at:
            return
        self._unanswered += 1
        self._unanswered_at = now
        if self._unanswered >= UNANSWERED_MIN or now < self._until:
            if now >= self._until:
                self._calls, self._counted_at = 0.0, now
            self._until = now + CALM_S

    def _calls_per_s(self, now: float) -> float:
        if self._unanswered >= UNANSWERED_MIN:
            return PROBES_PER_S
        calm = int((now - self._unanswered_at) / CALM_S)
        return max(CALLS_PER_S_MIN, MORE_THAN_USUAL * self._usual_per_s()) * GROWTH**calm

    def _usual_per_s(self) -> float:
        """The mean of what was counted, which began at nothing: it is given what it lacks."""
        if self._counted_since is None:
            return 0.0
        counted_s = max(COUNTED_MIN_S, self._counted_to - self._counted_since)
        return self._counted_per_s / (1 - exp(-counted_s / MEAN_OVER_S))
