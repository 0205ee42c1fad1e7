"""Fulfilment events as inventory tells them; orders are numbered."""

from datetime import UTC, datetime

from shared.contracts.inventory import (
    FulfilmentEvent,
    FulfilmentLine,
    FulfilmentOrderOpened,
    ShipmentDelivered,
    ShipmentDispatched,
    ShipmentInTransit,
    ShipmentLine,
)


def opened(order_id: str, *sellers: str) -> FulfilmentOrderOpened:
    """One line of the shop's own, and one of each of ``sellers``."""
    own = FulfilmentLine(sku="own", location="main", quantity=1)
    others = [
        FulfilmentLine(sku=f"of-{one}", location="main", quantity=2, seller_id=one)
        for one in sellers
    ]
    return FulfilmentOrderOpened(
        order_id=order_id,
        fulfilment_order_id=f"ffo_{order_id}",
        seller_ids=tuple(sorted(sellers)),
        lines=(own, *others),
    )


def dispatched(order_id: str, *sellers: str) -> ShipmentDispatched:
    return ShipmentDispatched(
        order_id=order_id,
        fulfilment_order_id=f"ffo_{order_id}",
        seller_ids=tuple(sorted(sellers)),
        shipment_id=f"shp_{order_id}",
        carrier="Royal Post",
        tracking_number="RP1",
        lines=tuple(ShipmentLine(sku=f"of-{one}", quantity=1, seller_id=one) for one in sellers),
        complete=True,
    )


def in_transit(order_id: str, *sellers: str) -> ShipmentInTransit:
    return ShipmentInTransit(
        order_id=order_id,
        fulfilment_order_id=f"ffo_{order_id}",
        seller_ids=tuple(sorted(sellers)),
        shipment_id=f"shp_{order_id}",
        occurred_at=datetime(2026, 11, 30, 12, tzinfo=UTC),
    )


def delivered(order_id: str, *sellers: str) -> ShipmentDelivered:
    return ShipmentDelivered(
        order_id=order_id,
        fulfilment_order_id=f"ffo_{order_id}",
        seller_ids=tuple(sorted(sellers)),
        shipment_id=f"shp_{order_id}",
        complete=True,
    )


def life_of(order_id: str, *sellers: str) -> list[FulfilmentEvent]:
    """Four events, from opened to delivered."""
    return [make(order_id, *sellers) for make in (opened, dispatched, in_transit, delivered)]
