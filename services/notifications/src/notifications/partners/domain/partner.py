"""Who a partner is, and what its keys allow."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from notifications.partners.domain.log import Scope

KeyScope = Literal["events:read", "endpoints:manage", "keys:manage"]
NOT_GRANTED = "The operator has to grant you shipping addresses first."
ALL_SCOPES: tuple[KeyScope, ...] = ("events:read", "endpoints:manage", "keys:manage")


@dataclass(frozen=True, slots=True)
class Partner:
    """``event_types`` were pinned when it was added: what it is told unless it asks for less.

    ``sees_addresses`` is an operator's grant; who has it is still told only on asking by type.
    """

    partner_id: str
    name: str
    tenant: str
    seller_id: str | None
    event_types: tuple[str, ...]
    created_at: datetime
    contact_email: str | None = field(default=None, repr=False)
    sees_addresses: bool = False

    @property
    def scope(self) -> Scope:
        return Scope(self.tenant, self.seller_id, self.sees_addresses)


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key beside its hash."""

    key_id: str
    partner_id: str
    scopes: tuple[KeyScope, ...]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def is_valid(self, now: datetime) -> bool:
        in_time = self.expires_at is None or now < self.expires_at
        return in_time and (self.revoked_at is None or now < self.revoked_at)
