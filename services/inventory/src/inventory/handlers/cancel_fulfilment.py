"""OrderCancellationRequested -> FulfilmentOrderCancelled | CancellationRefused | …"""

from shared.contracts.inventory import FulfilmentCancellationRequested, FulfilmentOrderCancelled
from shared.contracts.orders import OrderCancellationRequested
from shared.messaging.batch import Batch

from inventory.domain.fulfilment import ALREADY_DISPATCHED, about, cancellation_refused
from inventory.domain.handshake import PartnerAsked, ask_to_cancel
from inventory.domain.order import AlreadyDispatched, Changed, OrderHolds, Repeated
from inventory.work import InventoryWork


async def cancel_fulfilment(
    requested: Batch[OrderCancellationRequested], work: InventoryWork
) -> None:
    """OrderCancellationRequested -> FulfilmentOrderCancelled | CancellationRefused | …

    A partner who has accepted the order is asked, by FulfilmentCancellationRequested. The order's
    row is locked, so a dispatch comes wholly before or wholly after. What is held stays held until
    OrderCancelled releases it.
    """
    for event in requested:
        before = work.rows[event.order_id]
        match ask_to_cancel(before):
            case PartnerAsked(order):
                work.rows[order.order_id] = order
                work.publish(FulfilmentCancellationRequested(**about(order)))
            case Changed(order):
                work.rows[order.order_id] = order
                work.publish(fulfilment_order_cancelled(order))
            case AlreadyDispatched():
                work.publish(cancellation_refused(before, ALREADY_DISPATCHED))
            case Repeated():
                pass


def fulfilment_order_cancelled(order: OrderHolds) -> FulfilmentOrderCancelled:
    """What partners are told about an order's fulfilment order."""
    return FulfilmentOrderCancelled(**about(order))
