"""OrderConfirmed -> FulfilmentOrderOpened."""

from shared.contracts.inventory import FulfilmentOrderOpened
from shared.contracts.orders import OrderConfirmed
from shared.ids import new_id
from shared.messaging.batch import Batch

from inventory.domain.fulfilment import about, to_send
from inventory.domain.order import Changed, Repeated, open_fulfilment
from inventory.work import InventoryWork


async def open_fulfilment_order(confirmed: Batch[OrderConfirmed], work: InventoryWork) -> None:
    """OrderConfirmed -> FulfilmentOrderOpened: partners may send what the order holds."""
    for event in confirmed:
        fulfilment_order_id = new_id("ffo")
        match open_fulfilment(work.rows[event.order_id], fulfilment_order_id, work.now):
            case Changed(order):
                work.rows[order.order_id] = order
                work.publish(
                    FulfilmentOrderOpened(
                        **about(order), lines=to_send(order, work.stock.held(order.order_id))
                    )
                )
            case Repeated():
                pass
