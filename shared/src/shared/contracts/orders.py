"""What the orders service tells: the life of an order, from placed to delivered."""

from datetime import datetime, timedelta
from typing import ClassVar, Literal

from pydantic import Field

from shared.contracts import topics
from shared.contracts.event import Event, Value

DECISION_MARGIN_MAX = timedelta(seconds=10)

Channel = Literal["b2c", "b2b", "c2c"]
RejectionReason = Literal["payment-declined", "out-of-stock", "deadline-passed"]


class Address(Value):
    name: str
    line1: str
    line2: str | None = None
    city: str
    region: str | None = None
    postal_code: str
    country: str


class Personal(Value):
    """All personal data of an event, in one member, so that it can be encrypted per customer."""

    name: str
    email: str
    address: Address


class OrderLine(Value):
    sku: str
    quantity: int
    unit_price_minor: int
    description: str | None = None
    seller_id: str | None = None


class PaymentMethod(Value):
    """``token`` is the provider's single-merchant reference, never card data."""

    method: str
    token: str = Field(repr=False)


class OrderEvent(Event):
    """A fact about an order; ``client_reference`` lets a storefront recognise its own."""

    topic: ClassVar[str] = topics.ORDERS
    client_reference: str


class OrderPlaced(OrderEvent):
    type: ClassVar[str] = "orders.order-placed.v1"
    channel: Channel
    currency: str
    locale: str
    customer_id: str | None
    lines: tuple[OrderLine, ...]
    total_minor: int
    payment: PaymentMethod
    personal: Personal
    placed_at: datetime
    deadline_at: datetime
    purchase_order_number: str | None = None
    campaign: str | None = None

    @property
    def decide_by(self) -> datetime:
        """The last moment to start a charge or take a hold.

        The deadline less 10 s, or less a fifth of the window when that is shorter, so that an
        answer still reaches orders before the deadline.
        """
        window = self.deadline_at - self.placed_at
        return self.deadline_at - min(DECISION_MARGIN_MAX, window / 5)

    @property
    def line_count(self) -> int:
        return len(self.lines)


class OrderConfirmed(OrderEvent):
    type: ClassVar[str] = "orders.order-confirmed.v1"
    total_minor: int
    currency: str


class OrderRejected(OrderEvent):
    type: ClassVar[str] = "orders.order-rejected.v1"
    reasons: tuple[RejectionReason, ...]


class OrderExpired(OrderEvent):
    type: ClassVar[str] = "orders.order-expired.v1"


class OrderCancellationRequested(OrderEvent):
    type: ClassVar[str] = "orders.order-cancellation-requested.v1"
    reason: str


class OrderCancellationRefused(OrderEvent):
    type: ClassVar[str] = "orders.order-cancellation-refused.v1"
    reason: str


class OrderCancelled(OrderEvent):
    type: ClassVar[str] = "orders.order-cancelled.v1"
    reason: str


class ShippedParcel(Value):
    shipment_id: str
    carrier: str
    tracking_number: str


class OrderPartiallyShipped(OrderEvent):
    type: ClassVar[str] = "orders.order-partially-shipped.v1"
    parcel: ShippedParcel


class OrderShipped(OrderEvent):
    type: ClassVar[str] = "orders.order-shipped.v1"
    parcel: ShippedParcel


class OrderDelivered(OrderEvent):
    type: ClassVar[str] = "orders.order-delivered.v1"


class FieldError(Value):
    """One refused member: ``pointer`` is an RFC 6901 JSON Pointer into the submitted body."""

    pointer: str
    detail: str


class StorefrontOrderRefused(Event):
    """A submission that became no order; keyed by the reference the storefront chose."""

    type: ClassVar[str] = "orders.storefront-order-refused.v1"
    topic: ClassVar[str] = topics.ORDERS
    order_id: str = ""
    client_reference: str
    reason: str
    errors: tuple[FieldError, ...] = ()

    @property
    def key(self) -> str:
        return self.client_reference


EVENTS: tuple[type[Event], ...] = (
    OrderPlaced,
    OrderConfirmed,
    OrderRejected,
    OrderExpired,
    OrderCancellationRequested,
    OrderCancellationRefused,
    OrderCancelled,
    OrderPartiallyShipped,
    OrderShipped,
    OrderDelivered,
    StorefrontOrderRefused,
)
