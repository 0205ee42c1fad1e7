"""What events about an order are made of: the order's own members, and those of the fact."""

from typing import Any

from shared.contracts.inventory import ShipmentDispatched
from shared.contracts.orders import OrderRefunded, ParcelLine, ShippedParcel
from shared.contracts.payments import PaymentRefunded

from orders.domain.order import Order


def about(order: Order) -> dict[str, Any]:
    """The members that every event about ``order`` has."""
    return {
        "order_id": order.order_id,
        "tenant": order.tenant,
        "client_reference": order.client_reference,
    }


def parcel_of(fact: ShipmentDispatched) -> ShippedParcel:
    return ShippedParcel(
        shipment_id=fact.shipment_id,
        carrier=fact.carrier,
        tracking_number=fact.tracking_number,
        lines=tuple(ParcelLine(sku=one.sku, quantity=one.quantity) for one in fact.lines),
    )


def refund_of(order: Order, fact: PaymentRefunded) -> OrderRefunded:
    return OrderRefunded(
        **about(order),
        amount_minor=fact.amount_minor,
        refunded_total_minor=fact.refunded_minor,
        currency=fact.currency,
        reason=fact.reason,
    )
