"""What partners and carriers do to fulfilment orders and parcels, each in one transaction."""

from collections.abc import Callable
from dataclasses import replace

from shared.contracts.event import Event
from shared.contracts.inventory import (
    FulfilmentOrderProcessingStarted,
    ShipmentDelivered,
    ShipmentDeliveryAttemptFailed,
    ShipmentInTransit,
    ShipmentOutForDelivery,
    ShipmentProgressed,
    ShipmentReadyForPickup,
    ShipmentReturnedToSender,
)
from shared.http.problem import Problem, not_found

from inventory import store
from inventory.bodies import ShipmentEventBody
from inventory.domain.carriage import Checkpoint, News, ProgressStatus, Recorded, take_news
from inventory.domain.fulfilment import Shipment, about
from inventory.domain.order import (
    Changed,
    Illegal,
    OrderHolds,
    Repeated,
    delivered,
    start_processing,
)
from inventory.views import (
    FulfilmentOrderView,
    ShipmentView,
    fulfilment_order_view,
    shipment_view,
)
from inventory.work import InventoryWork


async def record_news(
    work: InventoryWork, shipment_id: str, body: ShipmentEventBody
) -> ShipmentView:
    """A carrier tells of a parcel -> ShipmentDelivered | ShipmentProgressed | nothing new.

    Raises ``Problem`` 404, and 409 when the parcel's journey has ended otherwise.
    """
    shipment = await _lock_shipment(work, shipment_id)
    news = News(body.status, body.occurred_at, body.note or "")
    match take_news(shipment.history, news, work.now):
        case Recorded(checkpoint):
            await store.add_checkpoint(work.db, shipment_id, checkpoint)
            shipment = await _tell(work, shipment, checkpoint)
        case Illegal(status):
            raise illegal_transition(status, f"The parcel is {status}: that ends its journey.")
        case Repeated():
            pass
    return shipment_view(shipment)


async def begin_processing(work: InventoryWork, fulfilment_order_id: str) -> FulfilmentOrderView:
    """Picking and packing begin -> FulfilmentOrderProcessingStarted, once.

    Raises ``Problem`` 404, and 409 once goods have left or the fulfilment order is cancelled.
    """
    return await step(
        work,
        fulfilment_order_id,
        lambda order: start_processing(order, work.now),
        lambda order: FulfilmentOrderProcessingStarted(**about(order)),
    )


async def step(
    work: InventoryWork,
    fulfilment_order_id: str,
    rule: Callable[[OrderHolds], Changed | Repeated | Illegal],
    told: Callable[[OrderHolds], Event],
) -> FulfilmentOrderView:
    """Change a fulfilment order by ``rule`` and tell it, or neither when it was so already.

    Raises ``Problem`` 404 and 409.
    """
    before = await lock_fulfilment_order(work, fulfilment_order_id)
    match rule(before):
        case Changed(order):
            _change(work, order, told(order))
        case Illegal(status):
            raise illegal_transition(status, f"That cannot follow {status}.")
        case Repeated():
            pass
    holds = await store.read_holds(work.db, [before.order_id])
    shipments = await store.read_shipments(work.db, [before.order_id])
    return fulfilment_order_view(work.rows[before.order_id], holds, shipments)


async def lock_fulfilment_order(work: InventoryWork, fulfilment_order_id: str) -> OrderHolds:
    """The order it belongs to, its row locked. Raises ``Problem`` 404."""
    order_id = await store.order_of(work.db, fulfilment_order_id)
    if order_id is None:
        raise not_found("There is no such fulfilment order.")
    await work.lock_orders([order_id])
    return work.rows[order_id]


def illegal_transition(status: str, detail: str) -> Problem:
    return Problem(409, "illegal-transition", detail, current_status=status)


async def _lock_shipment(work: InventoryWork, shipment_id: str) -> Shipment:
    """As it is once its order's row is locked. Raises ``Problem`` 404."""
    found = await store.read_shipment(work.db, shipment_id)
    if found is None:
        raise not_found("There is no such shipment.")
    await work.lock_orders([found.order_id])
    shipment = await store.read_shipment(work.db, shipment_id)
    assert shipment is not None
    return shipment


async def _tell(work: InventoryWork, shipment: Shipment, checkpoint: Checkpoint) -> Shipment:
    told = replace(shipment, checkpoints=(*shipment.checkpoints, checkpoint))
    if checkpoint.status == "delivered":
        await store.deliver_shipment(work.db, shipment.shipment_id, checkpoint.occurred_at)
        await _tell_delivered(work, shipment)
        return replace(told, delivered_at=checkpoint.occurred_at)
    kind = _progress(checkpoint.status)
    work.publish(
        kind(
            **about(work.rows[shipment.order_id], shipment.lines),
            shipment_id=shipment.shipment_id,
            occurred_at=checkpoint.occurred_at,
            note=checkpoint.note,
        )
    )
    return told


def _progress(status: ProgressStatus) -> type[ShipmentProgressed]:
    match status:
        case "in_transit":
            return ShipmentInTransit
        case "out_for_delivery":
            return ShipmentOutForDelivery
        case "ready_for_pickup":
            return ShipmentReadyForPickup
        case "failed_attempt":
            return ShipmentDeliveryAttemptFailed
        case "returned_to_sender":
            return ShipmentReturnedToSender


async def _tell_delivered(work: InventoryWork, shipment: Shipment) -> None:
    on_their_way = await store.count_undelivered(work.db, shipment.order_id)
    order = delivered(work.rows[shipment.order_id], on_their_way)
    arrived = ShipmentDelivered(
        **about(order, shipment.lines),
        shipment_id=shipment.shipment_id,
        complete=order.fulfilment_status == "delivered",
    )
    _change(work, order, arrived)


def _change(work: InventoryWork, order: OrderHolds, told: Event) -> None:
    work.rows[order.order_id] = order
    work.publish(told)
