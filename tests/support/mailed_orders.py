"""Builders of the facts that notifications hears of; ``more`` members replace the usual ones."""

from datetime import UTC, datetime, timedelta
from typing import Any

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
ABOUT = {"order_id": "ord_1", "client_reference": "web-1"}
ADDRESS = Address(name="", line1="1 Road", city="Ely", postal_code="CB7", country="GB")


def placed(
    order_id: str = "ord_1",
    *,
    name: str = "Ada Lovelace",
    email: str = "ada@example.com",
    reference: str = "web-1",
    address: Address = ADDRESS,
    **more: Any,
) -> OrderPlaced:
    to = address.model_copy(update={"name": name})
    usual: dict[str, Any] = {
        "order_id": order_id,
        "client_reference": reference,
        "channel": "b2c",
        "currency": "GBP",
        "locale": "en-GB",
        "customer_id": None,
        "lines": (OrderLine(sku="85123A", quantity=6, unit_price_minor=255),),
        "total_minor": 1530,
        "payment": PaymentMethod(method="card", token="tok_ok"),
        "personal": Personal(name=name, email=email, address=to),
        "placed_at": PLACED_AT,
        "deadline_at": PLACED_AT + timedelta(minutes=15),
    }
    return OrderPlaced(**{**usual, **more})


def confirmed(order_id: str = "ord_1", **more: Any) -> OrderConfirmed:
    usual = {**ABOUT, "order_id": order_id, "total_minor": 1530, "currency": "GBP"}
    return OrderConfirmed(**{**usual, **more})


def rejected(*reasons: RejectionReason, **more: Any) -> OrderRejected:
    return OrderRejected(**{**ABOUT, "reasons": reasons, **more})


def expired(**more: Any) -> OrderExpired:
    return OrderExpired(**{**ABOUT, **more})


def cancelled(**more: Any) -> OrderCancelled:
    return OrderCancelled(**{**ABOUT, "reason": "customer", **more})


def cancellation_refused(**more: Any) -> OrderCancellationRefused:
    return OrderCancellationRefused(**{**ABOUT, "reason": "already-dispatched", **more})


def partially_shipped(shipment_id: str = "shp_1", **more: Any) -> OrderPartiallyShipped:
    return OrderPartiallyShipped(**{**ABOUT, "parcel": _parcel(shipment_id), **more})


def shipped(shipment_id: str = "shp_1", **more: Any) -> OrderShipped:
    return OrderShipped(**{**ABOUT, "parcel": _parcel(shipment_id), **more})


def delivered(order_id: str = "ord_1", **more: Any) -> OrderDelivered:
    return OrderDelivered(**{**ABOUT, "order_id": order_id, **more})


def refunded(amount_minor: int = 1530, total_minor: int = 1530, **more: Any) -> OrderRefunded:
    usual = {
        **ABOUT,
        "amount_minor": amount_minor,
        "refunded_total_minor": total_minor,
        "currency": "GBP",
        "reason": "customer",
    }
    return OrderRefunded(**{**usual, **more})


def _parcel(shipment_id: str) -> ShippedParcel:
    return ShippedParcel(shipment_id=shipment_id, carrier="Royal Mail", tracking_number="RM1")
