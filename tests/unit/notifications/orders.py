"""Builders of the facts that notifications hears of."""

from datetime import UTC, datetime, timedelta

from shared.contracts.orders import (
    Address,
    OrderCancellationRefused,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderExpired,
    OrderLine,
    OrderPartiallyShipped,
    OrderPlaced,
    OrderRefunded,
    OrderRejected,
    OrderShipped,
    PaymentMethod,
    Personal,
    RejectionReason,
    ShippedParcel,
)

PLACED_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def placed(
    order_id: str = "ord_1",
    *,
    name: str = "Ada Lovelace",
    email: str = "ada@example.com",
    reference: str = "web-1",
) -> OrderPlaced:
    return OrderPlaced(
        order_id=order_id,
        client_reference=reference,
        channel="b2c",
        currency="GBP",
        locale="en-GB",
        customer_id=None,
        lines=(OrderLine(sku="85123A", quantity=6, unit_price_minor=255),),
        total_minor=1530,
        payment=PaymentMethod(method="card", token="tok_ok"),
        personal=Personal(
            name=name,
            email=email,
            address=Address(name=name, line1="1 Road", city="Ely", postal_code="CB7", country="GB"),
        ),
        placed_at=PLACED_AT,
        deadline_at=PLACED_AT + timedelta(minutes=15),
    )


def confirmed(order_id: str = "ord_1") -> OrderConfirmed:
    return OrderConfirmed(
        order_id=order_id, client_reference="web-1", total_minor=1530, currency="GBP"
    )


def rejected(*reasons: RejectionReason) -> OrderRejected:
    return OrderRejected(order_id="ord_1", client_reference="web-1", reasons=reasons)


def expired() -> OrderExpired:
    return OrderExpired(order_id="ord_1", client_reference="web-1")


def cancelled() -> OrderCancelled:
    return OrderCancelled(order_id="ord_1", client_reference="web-1", reason="customer")


def cancellation_refused() -> OrderCancellationRefused:
    return OrderCancellationRefused(
        order_id="ord_1", client_reference="web-1", reason="already-dispatched"
    )


def partially_shipped(shipment_id: str = "shp_1") -> OrderPartiallyShipped:
    return OrderPartiallyShipped(
        order_id="ord_1", client_reference="web-1", parcel=_parcel(shipment_id)
    )


def shipped(shipment_id: str = "shp_1") -> OrderShipped:
    return OrderShipped(order_id="ord_1", client_reference="web-1", parcel=_parcel(shipment_id))


def delivered(order_id: str = "ord_1") -> OrderDelivered:
    return OrderDelivered(order_id=order_id, client_reference="web-1")


def refunded(amount_minor: int = 1530, total_minor: int = 1530) -> OrderRefunded:
    return OrderRefunded(
        order_id="ord_1",
        client_reference="web-1",
        amount_minor=amount_minor,
        refunded_total_minor=total_minor,
        currency="GBP",
        reason="customer",
    )


def _parcel(shipment_id: str) -> ShippedParcel:
    return ShippedParcel(shipment_id=shipment_id, carrier="Royal Mail", tracking_number="RM1")
