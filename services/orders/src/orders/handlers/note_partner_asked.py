"""FulfilmentCancellationRequested -> noted: a partner, and no service, has to answer now."""

from shared.contracts.inventory import FulfilmentCancellationRequested
from shared.messaging.batch import Batch

from orders import store
from orders.work import OrdersWork


async def note_partner_asked(
    asked: Batch[FulfilmentCancellationRequested], work: OrdersWork
) -> None:
    """FulfilmentCancellationRequested -> the order may wait for days to be cancelled or not."""
    await store.note_partner_asked(work.writes, [one.order_id for one in asked], work.now)
