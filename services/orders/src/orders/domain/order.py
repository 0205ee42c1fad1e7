"""An order as the process manager knows it: three axes, stored apart, and the word for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Status(StrEnum):
    PENDING = "pending"
    CONFIRMED = "confirmed"
    CANCELLING = "cancelling"
    COMPLETED = "completed"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class Payment(StrEnum):
    PENDING = "pending"
    CAPTURED = "captured"
    REFUND_PENDING = "refund_pending"
    REFUNDED = "refunded"
    VOIDED = "voided"
    DECLINED = "declined"


class Stock(StrEnum):
    PENDING = "pending"
    RESERVED = "reserved"
    REJECTED = "rejected"
    RELEASED = "released"


class Fulfilment(StrEnum):
    NONE = "none"
    OPEN = "open"
    PARTIALLY_SHIPPED = "partially_shipped"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


ENDED = frozenset({Status.REJECTED, Status.EXPIRED, Status.CANCELLED})
DISPATCHED = frozenset({Fulfilment.PARTIALLY_SHIPPED, Fulfilment.SHIPPED, Fulfilment.DELIVERED})

NEXT: Mapping[Status, frozenset[Status]] = {
    Status.PENDING: frozenset({Status.PENDING, Status.CONFIRMED, *ENDED}),
    Status.CONFIRMED: frozenset({Status.CONFIRMED, Status.CANCELLING, Status.COMPLETED}),
    Status.CANCELLING: frozenset(
        {Status.CANCELLING, Status.CANCELLED, Status.CONFIRMED, Status.COMPLETED}
    ),
    Status.COMPLETED: frozenset({Status.COMPLETED}),
    Status.REJECTED: frozenset({Status.REJECTED}),
    Status.EXPIRED: frozenset({Status.EXPIRED}),
    Status.CANCELLED: frozenset({Status.CANCELLED}),
}
"""Where the published table leads from each status, itself included."""


@dataclass(frozen=True, slots=True)
class Order:
    """The row that serialises an order; ``reasons`` are joined by commas.

    ``traceparent`` is the trace context in which it was placed.
    """

    order_id: str
    tenant: str
    client_reference: str
    status: str
    payment: str
    stock: str
    fulfilment: str
    reasons: str
    cancel_reason: str
    currency: str
    total_minor: int
    version: int
    placed_at: datetime
    deadline_at: datetime
    traceparent: str = ""


def summary_of(status: str, fulfilment: str) -> str:
    """The API's one word for an order; derived, never stored."""
    if status in (Status.CONFIRMED, Status.COMPLETED) and fulfilment in DISPATCHED:
        return fulfilment
    return status


def is_decided(summary: str) -> bool:
    return summary not in ("pending", "cancelling")


def is_terminal(summary: str) -> bool:
    return summary in ("rejected", "expired", "cancelled", "delivered")
