"""How much one endpoint may be sent now: its rate, its window, and whether it is trusted."""

from dataclasses import dataclass, field
from uuid import UUID

from notifications.partners.store.endpoints import Served

BURST_S = 0.5
SLOW_S = 2.0
IDLE_S = 10.0


@dataclass
class Lane:
    """``window`` calls at a time: one at first, twice as many after each that went well.

    An endpoint that fails or is slow is not ``trusted``: it gets one call at a time, from slots of
    its own kind, so that those who answer never wait for those who do not.
    """

    endpoint_id: str
    token: UUID
    rate_per_s: int
    concurrency_max: int
    trusted: bool
    window: int = 1
    under_way: set[int] = field(default_factory=set)
    used_at: float = 0.0
    rests_until: float = 0.0
    _tokens: float = 0.0
    _filled_at: float = 0.0

    @classmethod
    def of(cls, served: Served, now_s: float) -> "Lane":
        return cls(
            served.endpoint_id,
            served.token,
            served.rate_per_s,
            served.concurrency_max,
            trusted=not served.failing,
            used_at=now_s,
            _tokens=max(1.0, served.rate_per_s * BURST_S),
            _filled_at=now_s,
        )

    def room(self, now_s: float) -> int:
        """How many more may begin at ``now_s``, a time in seconds that only grows."""
        if now_s < self.rests_until:
            return 0
        full = max(1.0, self.rate_per_s * BURST_S)
        self._tokens = min(full, self._tokens + (now_s - self._filled_at) * self.rate_per_s)
        self._filled_at = now_s
        return max(0, min(self.window - len(self.under_way), int(self._tokens)))

    @property
    def turn_s(self) -> float:
        """Seconds that its rate leaves between one full window and the next."""
        return self.concurrency_max / self.rate_per_s

    def follow(self, rate_per_s: int, concurrency_max: int) -> None:
        """The partner may have set other limits since this lane was made."""
        self.rate_per_s, self.concurrency_max = rate_per_s, concurrency_max
        self.window = min(self.window, concurrency_max)

    def begin(self, delivery_id: int, now_s: float) -> None:
        self.under_way.add(delivery_id)
        self.used_at = now_s
        self._tokens -= 1

    def end(self, delivery_id: int, *, received: bool, duration_s: float, now_s: float) -> None:
        self.under_way.discard(delivery_id)
        self.used_at = now_s
        self.trusted = received and duration_s < SLOW_S
        self.window = min(2 * self.window, self.concurrency_max) if self.trusted else 1

    def is_idle(self, now_s: float) -> bool:
        return not self.under_way and now_s - self.used_at > IDLE_S
