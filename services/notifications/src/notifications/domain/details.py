"""What an order was placed with, as far as its mails show it."""

from datetime import datetime

from shared.contracts.event import Value
from shared.contracts.orders import Address, OrderPlaced

LINES_KEPT_MAX = 40


class KeptLine(Value):
    sku: str
    quantity: int
    unit_price_minor: int
    description: str | None = None

    @property
    def amount_minor(self) -> int:
        return self.quantity * self.unit_price_minor


class OrderDetails(Value):
    """``lines`` are the first of ``lines_count``; ``items`` is the sum of all quantities.

    Everything is empty for an order whose OrderPlaced came before mails had details.
    """

    currency: str = ""
    total_minor: int = 0
    placed_at: datetime | None = None
    items: int = 0
    lines_count: int = 0
    lines: tuple[KeptLine, ...] = ()
    address: Address | None = None
    purchase_order_number: str | None = None


def details_of(placed: OrderPlaced) -> OrderDetails:
    """At most ``LINES_KEPT_MAX`` lines are kept: a mail of more is cut off by mail programs."""
    return OrderDetails(
        currency=placed.currency,
        total_minor=placed.total_minor,
        placed_at=placed.placed_at,
        items=sum(line.quantity for line in placed.lines),
        lines_count=len(placed.lines),
        lines=tuple(
            KeptLine(
                sku=line.sku,
                quantity=line.quantity,
                unit_price_minor=line.unit_price_minor,
                description=line.description,
            )
            for line in placed.lines[:LINES_KEPT_MAX]
        ),
        address=placed.personal.address,
        purchase_order_number=placed.purchase_order_number,
    )
