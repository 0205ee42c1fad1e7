"""What the API does to stock and shipments, each in one transaction, ranks in order."""

from collections.abc import Sequence
from dataclasses import replace

from shared.contracts.inventory import Hold, ShipmentDelivered, ShipmentDispatched, ShipmentLine
from shared.contracts.inventory import Shortage as Missing
from shared.http.problem import Problem, not_found
from shared.ids import new_id

from inventory import store
from inventory.bodies import (
    AdjustmentBody,
    AdjustmentsBody,
    LevelsView,
    ReceiptBody,
    ShipmentBody,
    ShipmentView,
    levels_view,
    shipment_view,
)
from inventory.domain.fulfilment import Shipment, plan_dispatch
from inventory.domain.order import OrderHolds, delivered, dispatched
from inventory.domain.reservation import Reserved, Shortage, units_by_sku
from inventory.domain.stock import ON_HAND_MAX, Moved, OutOfRange, Place, Stock, Units
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
    """Send a parcel -> ShipmentDispatched. Raises ``Problem`` 404, 409 or 422."""
    order = await _lock_fulfilment_order(work, fulfilment_order_id)
    if order.fulfilment_status == "cancelled":
        raise _illegal_transition(order)
    wanted = units_by_sku(body.lines)
    await work.lock_stock(wanted, await work.read_holds())
    match plan_dispatch(body.lines, work.stock.held(order.order_id)):
        case Reserved(holds):
            lines = tuple(ShipmentLine(sku=sku, quantity=n) for sku, n in wanted.items())
            shipment = _shipment(work, order, body, lines)
            _ship(work, shipment, holds)
        case Shortage(missing):
            raise _exceeds_holds(missing)
    await store.add_shipment(work.db, shipment)
    return shipment_view(shipment)


async def deliver_shipment(work: InventoryWork, shipment_id: str) -> ShipmentView:
    """A parcel arrived -> ShipmentDelivered, once. Raises ``Problem`` 404."""
    found = await store.read_shipment(work.db, shipment_id)
    if found is None:
        raise not_found("There is no such shipment.")
    await work.lock_orders([found.order_id])
    shipment = await store.read_shipment(work.db, shipment_id)
    assert shipment is not None
    if shipment.delivered_at is None:
        await store.deliver_shipment(work.db, shipment_id, work.now)
        await _tell_delivered(work, shipment)
        shipment = replace(shipment, delivered_at=work.now)
    return shipment_view(shipment)


async def _lock_fulfilment_order(work: InventoryWork, fulfilment_order_id: str) -> OrderHolds:
    order_id = await store.order_of(work.db, fulfilment_order_id)
    if order_id is None:
        raise not_found("There is no such fulfilment order.")
    await work.lock_orders([order_id])
    return work.rows[order_id]


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
            order_id=order.order_id,
            tenant=order.tenant,
            fulfilment_order_id=shipment.fulfilment_order_id,
            shipment_id=shipment.shipment_id,
            carrier=shipment.carrier,
            tracking_number=shipment.tracking_number,
            lines=shipment.lines,
            complete=complete,
        )
    )


async def _tell_delivered(work: InventoryWork, shipment: Shipment) -> None:
    on_their_way = await store.count_undelivered(work.db, shipment.order_id)
    order = delivered(work.rows[shipment.order_id], on_their_way)
    work.rows[order.order_id] = order
    work.publish(
        ShipmentDelivered(
            order_id=order.order_id,
            tenant=order.tenant,
            fulfilment_order_id=shipment.fulfilment_order_id,
            shipment_id=shipment.shipment_id,
            complete=order.fulfilment_status == "delivered",
        )
    )


def _illegal_transition(order: OrderHolds) -> Problem:
    return Problem(
        409,
        "illegal-transition",
        "The fulfilment order is cancelled; nothing may be sent.",
        current_status=order.fulfilment_status,
    )


def _exceeds_holds(missing: Sequence[Missing]) -> Problem:
    errors = [
        {"pointer": "/lines", "detail": f"{one.sku}: {one.requested} asked, {one.available} held"}
        for one in missing[:ERRORS_MAX]
    ]
    return Problem(
        422, "shipment-exceeds-holds", "More than is held and not yet sent.", errors=errors
    )
