"""An endpoint: where a partner wants its events, and what may be called there at a time."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from notifications.partners.domain.log import Scope

ROTATION = timedelta(hours=24)
# Each signs every delivery twice, and the header has to stay short.
REPLACED_MAX = 3
RATE_PER_S, RATE_PER_S_MAX = 50, 1_000
CONCURRENCY, CONCURRENCY_MAX = 8, 32


@dataclass(frozen=True, slots=True)
class RotatedTooOften:
    """As many secrets as may be are still valid; the first of them ends at ``until``."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``event_types`` are pinned, ``seller_id`` narrows a partner's view to one seller.

    ``secret`` is sealed, and so are the one that it replaced and those before that, the newest
    first, each with when it ends.
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
    earlier_secrets: tuple[bytes, ...] = field(default=(), repr=False)
    earlier_until: tuple[datetime, ...] = ()

    def scope_within(self, scope: Scope) -> Scope:
        """What it may be told: all that its partner may, or one seller's part of that."""
        return replace(scope, seller_id=scope.seller_id or self.seller_id)

    def secrets_at(self, now: datetime) -> list[bytes]:
        """The secrets that sign at ``now``, the newest first."""
        return [self.secret, *(secret for secret, _ in self._replaced_at(now))]

    def with_secret(self, secret: bytes, now: datetime) -> "Endpoint | RotatedTooOften":
        """``secret`` signs from ``now`` on, and all that did so until now for a day more."""
        replaced = self._replaced_at(now)
        if len(replaced) >= REPLACED_MAX:
            return RotatedTooOften(min(until for _, until in replaced))
        return replace(
            self,
            secret=secret,
            previous_secret=self.secret,
            previous_until=now + ROTATION,
            earlier_secrets=tuple(one for one, _ in replaced),
            earlier_until=tuple(until for _, until in replaced),
        )

    def _replaced_at(self, now: datetime) -> list[tuple[bytes, datetime]]:
        """What was replaced and is still valid at ``now``, each with its end."""
        earlier = list(zip(self.earlier_secrets, self.earlier_until, strict=True))
        if self.previous_secret is not None and self.previous_until is not None:
            earlier.insert(0, (self.previous_secret, self.previous_until))
        return [(secret, until) for secret, until in earlier if now < until]
