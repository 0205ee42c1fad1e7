"""An endpoint: where a partner wants its events, and what may be called there at a time."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from notifications.partners.domain.log import Scope

ROTATION = timedelta(hours=24)
RATE_PER_S, RATE_PER_S_MAX = 50, 1_000
CONCURRENCY, CONCURRENCY_MAX = 8, 32


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``event_types`` are pinned, ``seller_id`` narrows a partner's view to one seller.

    ``secret`` is sealed, and so is the one that it replaced.
    """

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
    seller_id: str | None = None

    def scope_within(self, scope: Scope) -> Scope:
        """What it may be told: all that its partner may, or one seller's part of that."""
        return Scope(scope.tenant, scope.seller_id or self.seller_id)

    def secrets_at(self, now: datetime) -> list[bytes]:
        """The secrets that sign at ``now``, the newest first."""
        replaced = self.previous_secret
        if replaced is None or self.previous_until is None or now >= self.previous_until:
            return [self.secret]
        return [self.secret, replaced]
