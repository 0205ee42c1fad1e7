"""Whom an order's mails go to and what they show, as its OrderPlaced told."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from pydantic import TypeAdapter
from shared.contracts.orders import Address, OrderPlaced
from shared.errors import Permanent

from notifications.domain.details import OrderDetails, details_of
from notifications.domain.fact import Fact

WAITING_MAX = 50
_FACTS: TypeAdapter[tuple[Fact, ...]] = TypeAdapter(tuple[Fact, ...])


class NeverPlaced(Permanent):
    """So much was told of an order that nobody has heard of that something else must be wrong."""


@dataclass(frozen=True, slots=True)
class Customer:
    """One row per order; without an address until the order was placed.

    ``details`` is an ``OrderDetails`` as JSON, ``waiting`` an array of what was told before the
    order was placed, the oldest first; ``seller_sequences`` how often each seller's partners were
    told of the order; ``undisclosed`` an array of what partners are to be told of its address.
    """

    order_id: str
    email: str = field(repr=False)
    name: str = field(repr=False)
    locale: str
    tenant: str
    client_reference: str
    details: str = field(repr=False)
    waiting: str = "[]"
    waiting_since: datetime | None = None
    seller_sequences: str = "{}"
    undisclosed: str = "[]"

    @classmethod
    def unknown(cls, order_id: str) -> "Customer":
        """Of an order that was not placed yet."""
        return cls(order_id, "", "", "", "", "", "{}")

    def learn(self, placed: OrderPlaced) -> "Customer":
        """The customer as ``placed`` tells; what is known already stays."""
        if self.email:
            return self
        return replace(
            self,
            email=placed.personal.email,
            name=placed.personal.name,
            locale=placed.locale,
            tenant=placed.tenant,
            client_reference=placed.client_reference,
            details=details_of(placed).model_dump_json(),
        )

    def count_for_sellers(self, sellers: Sequence[str]) -> dict[str, int]:
        """The number of the next event about the order, for each of ``sellers``."""
        told = json.loads(self.seller_sequences) if sellers else {}
        return {one: told.get(one, 0) + 1 for one in sellers}

    def told_sellers(self, numbers: Mapping[str, int]) -> "Customer":
        """These are the last that their sellers were told."""
        told = {**json.loads(self.seller_sequences), **numbers}
        return replace(self, seller_sequences=json.dumps(told))

    @property
    def address(self) -> Address | None:
        """Where its goods go; None until it was placed, and where its mails know no details."""
        return OrderDetails.model_validate_json(self.details).address if self.email else None

    def discloses(self, disclosure: Mapping[str, object]) -> "Customer":
        """Partners are to be told of the address, ``disclosure`` after those before."""
        waiting = [*json.loads(self.undisclosed), disclosure]
        return replace(self, undisclosed=json.dumps(waiting))

    @property
    def told_before(self) -> tuple[Fact, ...]:
        """What waits."""
        return _FACTS.validate_json(self.waiting) if self.waiting_since else ()

    def wait_with(self, fact: Fact, now: datetime) -> "Customer":
        """``fact`` waits too, once. Raises ``NeverPlaced`` when ``WAITING_MAX`` others do."""
        before = self.told_before
        if any((one.kind, one.detail) == (fact.kind, fact.detail) for one in before):
            return self
        if len(before) == WAITING_MAX:
            raise NeverPlaced(self.order_id)
        waiting = _FACTS.dump_json((*before, fact)).decode()
        return replace(self, waiting=waiting, waiting_since=self.waiting_since or now)

    def caught_up(self) -> "Customer":
        """Nothing waits any more."""
        return replace(self, waiting="[]", waiting_since=None) if self.waiting_since else self
