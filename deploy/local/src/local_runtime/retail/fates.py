"""What became of an order, compared with the invoice it was made from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from local_runtime.retail.orders import SaleOrder

LIVING = frozenset({"confirmed", "partially_shipped", "shipped", "delivered"})
DECIDED_TIMEOUT_S = 1200.0  # Longer than the deadline by which orders expire locally, 900 s.


@dataclass(frozen=True, slots=True)
class Seen:
    """An order as the system tells it."""

    order_id: str
    status: str
    total_minor: int
    lines: int
    reasons: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Fate:
    """``problem`` says why this is not an order of exactly the invoice's total, if it is not."""

    order_id: str | None
    status: str
    problem: str | None = None

    @property
    def is_sold(self) -> bool:
        return self.status in LIVING


class Door(Protocol):
    """A way into the system for orders."""

    async def place(self, order: SaleOrder) -> Fate:
        """Place the order, once however often it is tried, and wait until it is decided."""
        ...


def fate_of(order: SaleOrder, seen: Seen) -> Fate:
    """Compare what was placed with what is there."""
    problem = None
    if seen.status not in LIVING:
        problem = ", ".join([seen.status, *seen.reasons])
    if (seen.total_minor, seen.lines) != (order.total_minor, order.lines):
        problem = (
            f"the order has {seen.lines} lines and {seen.total_minor} pence, "
            f"the invoice {order.lines} and {order.total_minor}"
        )
    return Fate(seen.order_id, seen.status, problem)


def refused(why: str) -> Fate:
    return Fate(None, "refused", why)


def unanswered(why: str) -> Fate:
    return Fate(None, "unanswered", why)


def undecided(order_id: str | None) -> Fate:
    return Fate(order_id, "undecided", f"undecided after {DECIDED_TIMEOUT_S:g} s")
