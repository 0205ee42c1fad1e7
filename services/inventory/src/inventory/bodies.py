"""The shapes of inventory's requests and answers."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from shared.clock import rfc3339
from shared.contracts.storefront import LINES_MAX, QUANTITY_MAX, Body, Reference, Required, Storable

from inventory.domain.fulfilment import Shipment
from inventory.domain.order import FulfilmentStatus, OrderHolds
from inventory.domain.stock import HeldStock, Level, Place

Sku = Annotated[str, Field(min_length=1, max_length=64), Storable]
Location = Annotated[str, Field(min_length=1, max_length=64), Storable]
Quantity = Annotated[int, Field(ge=1, le=QUANTITY_MAX)]


class ReceiptBody(Body):
    sku: Sku
    location: Location
    quantity: Quantity


class ReceiptsBody(Body):
    """Goods that arrived; the same SKU and location twice counts together."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"receipts": [{"sku": "85123A", "location": "main", "quantity": 100}]}]
        }
    )

    receipts: Annotated[list[ReceiptBody], Field(min_length=1, max_length=LINES_MAX)]


class AdjustmentBody(Body):
    """``quantity`` units more on hand than was thought; negative when there are fewer."""

    sku: Sku
    location: Location
    quantity: Annotated[int, Field(ge=-QUANTITY_MAX, le=QUANTITY_MAX)]


class AdjustmentsBody(Body):
    """What a count has found; ``reason`` stays in the stock's history."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "adjustments": [{"sku": "85123A", "location": "main", "quantity": -2}],
                    "reason": "counted",
                }
            ]
        }
    )

    adjustments: Annotated[list[AdjustmentBody], Field(min_length=1, max_length=LINES_MAX)]
    reason: Required


class ShippedLineBody(Body):
    sku: Sku
    quantity: Quantity


class ShipmentBody(Body):
    """A parcel that leaves: a part of what the order holds, or all of it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "lines": [{"sku": "85123A", "quantity": 6}],
                    "carrier": "Royal Post",
                    "tracking_number": "RP1",
                }
            ]
        }
    )

    lines: Annotated[list[ShippedLineBody], Field(min_length=1, max_length=LINES_MAX)]
    carrier: Reference
    tracking_number: Reference


class ShipmentEventBody(Body):
    """What the carrier tells of a parcel."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "delivered"}]})

    status: Annotated[str, Field(pattern="^delivered$")]


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


class ShipmentView(View):
    shipment_id: str
    fulfilment_order_id: str
    order_id: str
    status: str
    carrier: str
    tracking_number: str
    lines: list[ShippedLineView]
    dispatched_at: str
    delivered_at: str | None


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
    status: FulfilmentStatus
    opened_at: str
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
        status="dispatched" if arrived is None else "delivered",
        carrier=shipment.carrier,
        tracking_number=shipment.tracking_number,
        lines=[ShippedLineView(sku=one.sku, quantity=one.quantity) for one in shipment.lines],
        dispatched_at=rfc3339(shipment.dispatched_at),
        delivered_at=None if arrived is None else rfc3339(arrived),
    )


def fulfilment_order_view(
    order: OrderHolds, holds: Iterable[HeldStock], shipments: Iterable[Shipment]
) -> FulfilmentOrderView:
    assert order.fulfilment_order_id is not None
    assert order.fulfilment_opened_at is not None
    return FulfilmentOrderView(
        fulfilment_order_id=order.fulfilment_order_id,
        order_id=order.order_id,
        status=order.fulfilment_status,
        opened_at=rfc3339(order.fulfilment_opened_at),
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
