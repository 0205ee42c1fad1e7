"""The shapes of the orders API's answers, for its documents; views.py makes them by hand."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from shared.contracts.orders import Channel, RejectionReason
from shared.contracts.storefront import (
    Body,
    Customer,
    Required,
    ShippingAddress,
    SubmittedLine,
)

Summary = Literal[
    "pending",
    "confirmed",
    "cancelling",
    "partially_shipped",
    "shipped",
    "delivered",
    "rejected",
    "expired",
    "cancelled",
]
PaymentStatus = Literal[
    "none",
    "pending",
    "unknown",
    "authorized",
    "captured",
    "refund_pending",
    "refunded",
    "voided",
    "declined",
]
FulfilmentStatus = Literal["none", "open", "partially_shipped", "shipped", "delivered", "cancelled"]


class Cancellation(Body):
    """The body of ``POST /v1/orders/{order_id}/cancel``; without one, the customer asked."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "customer"}]})

    reason: Required = "customer"


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PaymentShape(Shape):
    status: PaymentStatus


class FulfilmentShape(Shape):
    status: FulfilmentStatus


class OrderView(Shape):
    """``version`` grows with every change and is the entity tag."""

    order_id: str
    client_reference: str
    status: Summary
    version: Annotated[int, Field(ge=1)]
    tenant: str
    currency: str
    total_minor: int
    placed_at: datetime
    deadline_at: datetime
    reasons: list[RejectionReason]
    cancel_reason: str | None
    payment: PaymentShape
    fulfilment: FulfilmentShape
    channel: Channel
    locale: str
    customer: Customer
    shipping_address: ShippingAddress
    lines: list[SubmittedLine]
    purchase_order_number: str | None
    campaign: str | None
    metadata: dict[str, str]


class OrdersView(Shape):
    """``next_cursor`` goes on where the page ended; null when it was the last."""

    orders: list[OrderView]
    next_cursor: str | None


class TransitionView(Shape):
    """``cause`` is an event's type or a request's name."""

    version: int
    status: Summary
    payment: PaymentStatus
    stock: Literal["pending", "reserved", "rejected", "released"]
    fulfilment: FulfilmentStatus
    cause: str
    event_id: str | None
    at: datetime


class TimelineView(Shape):
    order_id: str
    transitions: list[TransitionView]
