"""OrderCancellationRequested -> FulfilmentOrderCancelled | CancellationRefused."""

from shared.contracts.inventory import CancellationRefused, FulfilmentOrderCancelled
from shared.contracts.orders import OrderCancellationRequested
from shared.messaging.batch import Batch

from inventory.domain.fulfilment import about
from inventory.domain.order import AlreadyDispatched, Changed, OrderHolds, Repeated
from inventory.domain.order import cancel_fulfilment as cancel
from inventory.work import InventoryWork


async def cancel_fulfilment(
    requested: Batch[OrderCancellationRequested], work: InventoryWork
) -> None:
    """OrderCancellationRequested -> FulfilmentOrderCancelled | CancellationRefused.

    The order's row is locked, so a dispatch comes wholly before or wholly after. What is held
    stays held until OrderCancelled releases it.
    """
    for event in requested:
        before = work.rows[event.order_id]
        match cancel(before):
            case Changed(order):
                work.rows[order.order_id] = order
                work.publish(fulfilment_order_cancelled(order))
            case AlreadyDispatched():
                work.publish(
                    CancellationRefused(
                        order_id=before.order_id,
                        tenant=before.tenant,
                        reason="already-dispatched",
                    )
                )
            case Repeated():
                pass


def fulfilment_order_cancelled(order: OrderHolds) -> FulfilmentOrderCancelled:
    """What partners are told about an order's fulfilment order."""
    return FulfilmentOrderCancelled(**about(order))
