"""What one mail is about: a fact of an order, as the message's row keeps it."""

from typing import Literal, TypeAlias

from shared.contracts.event import Value
from shared.contracts.orders import (
    OrderCancellationRefused,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderExpired,
    OrderPartiallyShipped,
    OrderPlaced,
    OrderRejected,
    OrderShipped,
    RejectionReason,
    ShippedParcel,
)

MailedEvent: TypeAlias = (
    OrderPlaced
    | OrderConfirmed
    | OrderRejected
    | OrderExpired
    | OrderCancelled
    | OrderCancellationRefused
    | OrderPartiallyShipped
    | OrderShipped
    | OrderDelivered
)
Kind = Literal[
    "order-placed",
    "order-confirmed",
    "order-rejected",
    "order-expired",
    "order-cancelled",
    "order-cancellation-refused",
    "order-partially-shipped",
    "order-shipped",
    "order-delivered",
]


class Fact(Value):
    """``kind`` and ``detail`` name the fact within its order, so that it is told once.

    What the order was placed with is not here: the order's own row has it.
    """

    kind: Kind
    detail: str = ""
    reasons: tuple[RejectionReason, ...] = ()
    asked_by_customer: bool = False
    parcel: ShippedParcel | None = None
    amount_minor: int = 0
    currency: str = ""


def fact_of(event: MailedEvent) -> Fact:
    """The part of ``event`` that its mail needs."""
    match event:
        case OrderPlaced():
            return Fact(kind="order-placed")
        case OrderConfirmed(total_minor=paid, currency=currency):
            return Fact(kind="order-confirmed", amount_minor=paid, currency=currency)
        case OrderRejected(reasons=reasons):
            return Fact(kind="order-rejected", reasons=reasons)
        case OrderExpired():
            return Fact(kind="order-expired")
        case OrderCancelled(reason=reason):
            return Fact(kind="order-cancelled", asked_by_customer=reason == "customer")
        case OrderCancellationRefused():
            return Fact(kind="order-cancellation-refused")
        case OrderPartiallyShipped(parcel=parcel):
            detail = parcel.shipment_id
            return Fact(kind="order-partially-shipped", detail=detail, parcel=parcel)
        case OrderShipped(parcel=parcel):
            return Fact(kind="order-shipped", detail=parcel.shipment_id, parcel=parcel)
        case OrderDelivered():
            return Fact(kind="order-delivered")
