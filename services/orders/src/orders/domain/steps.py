"""What moves an order, and where a move leads."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from shared.contracts.orders import OrderEvent
from shared.errors import Permanent

from orders.domain.order import Order


@dataclass(frozen=True)
class DeadlinePassed:
    """The order's one clock ran out."""


@dataclass(frozen=True)
class CancelRequested:
    reason: str


@dataclass(frozen=True)
class Step:
    """Where a fact leads: the order as it is now, and what to tell."""

    order: Order
    events: tuple[OrderEvent, ...] = ()


@dataclass(frozen=True)
class Refused:
    """A cancellation that is not possible any more; ``status`` says where the order stands."""

    status: str


class IllegalTransition(Permanent):
    """A fact that cannot happen in this state."""

    def __init__(self, order: Order, fact: object) -> None:
        super().__init__(f"{type(fact).__name__} on a {order.status} order")
        self.order_id = order.order_id


Fact: TypeAlias = Any
Rule: TypeAlias = Callable[[Order, Fact], Step | Refused]
