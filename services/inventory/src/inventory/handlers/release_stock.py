"""OrderRejected | OrderExpired | OrderCancelled -> StockReleased | nothing."""

from typing import TypeAlias

from shared.contracts.inventory import StockReleased
from shared.contracts.orders import OrderCancelled, OrderExpired, OrderRejected
from shared.messaging.batch import Batch

from inventory.domain.order import Changed, OrderHolds, Repeated, end
from inventory.handlers.cancel_fulfilment import fulfilment_order_cancelled
from inventory.work import InventoryWork

Ended: TypeAlias = OrderRejected | OrderExpired | OrderCancelled


async def release_stock(ended: Batch[Ended], work: InventoryWork) -> None:
    """OrderRejected | OrderExpired | OrderCancelled -> StockReleased | FulfilmentOrderCancelled.

    Nothing is told for an order that held nothing; its row remembers that it has ended, so that
    it is never held should it be heard of later.
    """
    for event in ended:
        before = work.rows[event.order_id]
        match end(before):
            case Changed(order):
                work.rows[order.order_id] = order
                _tell_partners(before, order, work)
                _give_back(order, work)
            case Repeated():
                pass


def _tell_partners(before: OrderHolds, order: OrderHolds, work: InventoryWork) -> None:
    if before.fulfilment_status == "open":
        work.publish(fulfilment_order_cancelled(order))


def _give_back(order: OrderHolds, work: InventoryWork) -> None:
    if released := work.stock.give_back(order.order_id):
        work.publish(StockReleased(order_id=order.order_id, tenant=order.tenant, holds=released))
