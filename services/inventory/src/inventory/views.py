"""The shapes of inventory's answers."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict
from shared.clock import rfc3339

from inventory.domain.carriage import CarrierStatus, Checkpoint, ShipmentStatus
from inventory.domain.fulfilment import Shipment
from inventory.domain.order import CancellationStatus, FulfilmentProgress, OrderHolds, RequestStatus
from inventory.domain.stock import HeldStock, Level, Place


class View(BaseModel):
    """A member of an answer."""

    model_config = ConfigDict(frozen=True)

    def json_bytes(self) -> bytes:
        return self.model_dump_json().encode()


class LevelView(View):
    sku: str
    location: str
    on_hand: int
    reserved: int
    available: int


class LevelsView(View):
    """What is on the shelves now, wherever something was put or corrected."""

    levels: list[LevelView]


class LocationView(View):
    location: str
    on_hand: int
    reserved: int
    available: int


class StockView(View):
    sku: str
    on_hand: int
    reserved: int
    available: int
    locations: list[LocationView]


class ShippedLineView(View):
    sku: str
    quantity: int


class ShipmentEventView(View):
    status: CarrierStatus
    occurred_at: str
    recorded_at: str
    note: str | None


class ShipmentView(View):
    """``events`` come as they occurred; ``status`` is the last one's."""

    shipment_id: str
    fulfilment_order_id: str
    order_id: str
    status: ShipmentStatus
    carrier: str
    tracking_number: str
    lines: list[ShippedLineView]
    dispatched_at: str
    delivered_at: str | None
    events: list[ShipmentEventView]


class FulfilmentLineView(View):
    """Of ``quantity`` units ``dispatched`` have left; ``held`` wait to be sent."""

    sku: str
    location: str
    quantity: int
    dispatched: int
    held: int


class FulfilmentOrderView(View):
    fulfilment_order_id: str
    order_id: str
    status: FulfilmentProgress
    opened_at: str
    processing_started_at: str | None
    request_status: RequestStatus
    cancellation_status: CancellationStatus
    lines: list[FulfilmentLineView]
    shipments: list[ShipmentView]


class FulfilmentOrdersView(View):
    fulfilment_orders: list[FulfilmentOrderView]
    next_cursor: str | None


def levels_view(levels: Mapping[Place, Level], places: Iterable[Place]) -> LevelsView:
    return LevelsView(
        levels=[
            LevelView(sku=place.sku, **_level(place, levels[place])) for place in sorted(places)
        ]
    )


def stock_view(sku: str, levels: Mapping[Place, Level]) -> StockView:
    """One SKU: the sums, and the locations they come from."""
    return StockView(
        sku=sku,
        on_hand=sum(level.on_hand for level in levels.values()),
        reserved=sum(level.reserved for level in levels.values()),
        available=sum(level.available for level in levels.values()),
        locations=[LocationView(**_level(place, level)) for place, level in levels.items()],
    )


def shipment_view(shipment: Shipment) -> ShipmentView:
    arrived = shipment.delivered_at
    return ShipmentView(
        shipment_id=shipment.shipment_id,
        fulfilment_order_id=shipment.fulfilment_order_id,
        order_id=shipment.order_id,
        status=shipment.status,
        carrier=shipment.carrier,
        tracking_number=shipment.tracking_number,
        lines=[ShippedLineView(sku=one.sku, quantity=one.quantity) for one in shipment.lines],
        dispatched_at=rfc3339(shipment.dispatched_at),
        delivered_at=None if arrived is None else rfc3339(arrived),
        events=[_event_view(one) for one in shipment.history],
    )


def _event_view(checkpoint: Checkpoint) -> ShipmentEventView:
    return ShipmentEventView(
        status=checkpoint.status,
        occurred_at=rfc3339(checkpoint.occurred_at),
        recorded_at=rfc3339(checkpoint.recorded_at),
        note=checkpoint.note or None,
    )


def fulfilment_order_view(
    order: OrderHolds, holds: Iterable[HeldStock], shipments: Iterable[Shipment]
) -> FulfilmentOrderView:
    assert order.fulfilment_order_id is not None
    assert order.fulfilment_opened_at is not None
    started = order.processing_started_at
    return FulfilmentOrderView(
        fulfilment_order_id=order.fulfilment_order_id,
        order_id=order.order_id,
        status=order.progress,
        opened_at=rfc3339(order.fulfilment_opened_at),
        processing_started_at=None if started is None else rfc3339(started),
        request_status=order.request_status,
        cancellation_status=order.cancellation_status,
        lines=[
            FulfilmentLineView(
                sku=hold.place.sku,
                location=hold.place.location,
                quantity=hold.quantity,
                dispatched=hold.shipped,
                held=hold.held,
            )
            for hold in sorted(holds, key=lambda hold: hold.place)
        ],
        shipments=[shipment_view(one) for one in shipments],
    )


def _level(place: Place, level: Level) -> dict[str, Any]:
    return {
        "location": place.location,
        "on_hand": level.on_hand,
        "reserved": level.reserved,
        "available": level.available,
    }
