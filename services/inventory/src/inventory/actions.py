"""What the API does to stock, each in one transaction, ranks in order."""

from collections.abc import Sequence

from shared.contracts.inventory import Hold, ShipmentDispatched, ShipmentLine
from shared.contracts.inventory import Shortage as Missing
from shared.http.problem import Problem
from shared.ids import new_id

from inventory import store
from inventory.bodies import AdjustmentBody, AdjustmentsBody, ReceiptBody, ShipmentBody
from inventory.domain.fulfilment import (
    ALREADY_DISPATCHED,
    Shipment,
    about,
    cancellation_refused,
    in_parcel,
    plan_dispatch,
)
from inventory.domain.order import OrderHolds, dispatched
from inventory.domain.reservation import Reserved, Shortage, units_by_sku
from inventory.domain.stock import ON_HAND_MAX, Moved, OutOfRange, Place, Stock, Units
from inventory.fulfilment import illegal_transition, lock_fulfilment_order
from inventory.views import LevelsView, ShipmentView, levels_view, shipment_view
from inventory.work import InventoryWork

ERRORS_MAX = 50


async def receive_stock(work: InventoryWork, receipts: Sequence[ReceiptBody]) -> LevelsView:
    """Put goods on the shelves. Raises ``Problem`` 422 when there would be too many to count."""
    units = await _lock_places(work, receipts)
    return _levels(work.stock, units, work.stock.receive(units))


async def adjust_stock(work: InventoryWork, body: AdjustmentsBody) -> LevelsView:
    """Correct what is on hand. Raises ``Problem`` 422 when it would go below what is reserved."""
    units = await _lock_places(work, body.adjustments)
    return _levels(work.stock, units, work.stock.adjust(units, body.reason))


async def _lock_places(
    work: InventoryWork, bodies: Sequence[ReceiptBody | AdjustmentBody]
) -> list[Units]:
    units = [(Place(one.sku, one.location), one.quantity) for one in bodies]
    places = {place for place, _ in units}
    await work.lock_stock({place.sku for place in places}, new_places=places)
    return units


def _levels(stock: Stock, units: Sequence[Units], result: Moved | OutOfRange) -> LevelsView:
    match result:
        case Moved():
            return levels_view(stock.levels, {place for place, _ in units})
        case OutOfRange(place, level):
            raise Problem(
                422,
                "stock-out-of-range",
                f"{place.sku} at {place.location}: on hand must stay between the "
                f"{level.reserved} reserved and {ON_HAND_MAX}; it is {level.on_hand}.",
            )


async def dispatch_shipment(
    work: InventoryWork, fulfilment_order_id: str, body: ShipmentBody
) -> ShipmentView:
    """Send a parcel -> ShipmentDispatched, and CancellationRefused if a partner was to cancel.

    Raises ``Problem`` 404, 409 or 422.
    """
    order = await lock_fulfilment_order(work, fulfilment_order_id)
    if order.fulfilment_status == "cancelled":
        raise illegal_transition(
            "cancelled", "The fulfilment order is cancelled; nothing may be sent."
        )
    wanted = units_by_sku(body.lines)
    await work.lock_stock(wanted, await work.read_holds())
    match plan_dispatch(body.lines, work.stock.held(order.order_id)):
        case Reserved(holds):
            shipment = _shipment(work, order, body, in_parcel(order, wanted))
            _ship(work, shipment, holds)
        case Shortage(missing):
            raise _exceeds_holds(missing)
    await store.add_shipment(work.db, shipment)
    return shipment_view(shipment)


def _shipment(
    work: InventoryWork, order: OrderHolds, body: ShipmentBody, lines: tuple[ShipmentLine, ...]
) -> Shipment:
    assert order.fulfilment_order_id is not None
    return Shipment(
        shipment_id=new_id("shp"),
        order_id=order.order_id,
        fulfilment_order_id=order.fulfilment_order_id,
        carrier=body.carrier,
        tracking_number=body.tracking_number,
        lines=lines,
        dispatched_at=work.now,
    )


def _ship(work: InventoryWork, shipment: Shipment, holds: Sequence[Hold]) -> None:
    order = work.rows[shipment.order_id]
    work.stock.ship(order.order_id, holds)
    complete = not work.stock.held(order.order_id)
    work.rows[order.order_id] = dispatched(order, complete=complete)
    work.publish(
        ShipmentDispatched(
            **about(order, shipment.lines),
            shipment_id=shipment.shipment_id,
            carrier=shipment.carrier,
            tracking_number=shipment.tracking_number,
            lines=shipment.lines,
            complete=complete,
        )
    )
    if order.cancellation_status == "requested":
        work.publish(cancellation_refused(order, ALREADY_DISPATCHED))


def _exceeds_holds(missing: Sequence[Missing]) -> Problem:
    errors = [
        {"pointer": "/lines", "detail": f"{one.sku}: {one.requested} asked, {one.available} held"}
        for one in missing[:ERRORS_MAX]
    ]
    return Problem(
        422, "shipment-exceeds-holds", "More than is held and not yet sent.", errors=errors
    )
