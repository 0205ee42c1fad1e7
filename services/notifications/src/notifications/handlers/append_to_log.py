"""Every fulfilment event -> the log that partners are told from."""

from shared.contracts.inventory import FulfilmentEvent
from shared.messaging.batch import Batch

from notifications.unit_of_work import MessageWork


async def append_to_log(told: Batch[FulfilmentEvent], work: MessageWork) -> None:
    """FulfilmentOrderOpened | ShipmentDispatched | … -> a position in the partners' log | another.

    Behind an order that was opened its address is told, if there is anybody who may see it.
    """
    for event in told:
        work.append(event)
        work.disclose(event.order_id)
