"""An endpoint: where a partner wants its events, and what may be called there at a time."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

ROTATION = timedelta(hours=24)
RATE_PER_S, RATE_PER_S_MAX = 50, 1_000
CONCURRENCY, CONCURRENCY_MAX = 8, 32


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``event_types`` are pinned; ``secret`` is sealed, and so is the one that it replaced."""

    endpoint_id: str
    partner_id: str
    url: str
    description: str
    event_types: tuple[str, ...]
    rate_per_s: int
    concurrency_max: int
    created_at: datetime
    secret: bytes = field(repr=False)
    previous_secret: bytes | None = field(default=None, repr=False)
    previous_until: datetime | None = None
    disabled_at: datetime | None = None
    disabled_reason: str | None = None
    failing_since: datetime | None = None

    def secrets_at(self, now: datetime) -> list[bytes]:
        """The secrets that sign at ``now``, the newest first."""
        replaced = self.previous_secret
        if replaced is None or self.previous_until is None or now >= self.previous_until:
            return [self.secret]
        return [self.secret, replaced]
