"""What one mail is about: a fact of an order, as the message's row keeps it."""

from collections.abc import Mapping
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
    OrderRefunded,
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
    | OrderRefunded
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
    "order-refunded",
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
    refunded_total_minor: int = 0
    currency: str = ""


KINDS: Mapping[type[MailedEvent], Kind] = {
    OrderPlaced: "order-placed",
    OrderConfirmed: "order-confirmed",
    OrderRejected: "order-rejected",
    OrderExpired: "order-expired",
    OrderCancelled: "order-cancelled",
    OrderCancellationRefused: "order-cancellation-refused",
    OrderPartiallyShipped: "order-partially-shipped",
    OrderShipped: "order-shipped",
    OrderDelivered: "order-delivered",
    OrderRefunded: "order-refunded",
}


def fact_of(event: MailedEvent) -> Fact:
    """The part of ``event`` that its mail needs."""
    kind = KINDS[type(event)]
    match event:
        case OrderConfirmed(total_minor=paid, currency=currency):
            return Fact(kind=kind, amount_minor=paid, currency=currency)
        case OrderRejected(reasons=reasons):
            return Fact(kind=kind, reasons=reasons)
        case OrderCancelled(reason=reason):
            return Fact(kind=kind, asked_by_customer=reason == "customer")
        case OrderPartiallyShipped(parcel=parcel) | OrderShipped(parcel=parcel):
            return Fact(kind=kind, detail=parcel.shipment_id, parcel=parcel)
        case OrderRefunded(amount_minor=now, refunded_total_minor=total, currency=currency):
            # The sum of all refunds grows with each, so it tells them apart.
            return Fact(
                kind=kind,
                detail=str(total),
                amount_minor=now,
                refunded_total_minor=total,
                currency=currency,
            )
        case OrderPlaced() | OrderExpired() | OrderCancellationRefused() | OrderDelivered():
            return Fact(kind=kind)
