"""Whom an order's mails go to and what they show, as its OrderPlaced told."""

from dataclasses import dataclass, field, replace

from shared.contracts.orders import OrderPlaced

from notifications.domain.details import details_of


@dataclass(frozen=True, slots=True)
class Customer:
    """One row per order; without an address until the order was placed.

    ``details`` is an ``OrderDetails`` as JSON.
    """

    order_id: str
    email: str = field(repr=False)
    name: str = field(repr=False)
    locale: str
    tenant: str
    client_reference: str
    details: str = field(repr=False)

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
