"""OrderCancellationSubmitted -> OrderCancelled | OrderCancellationRequested | refused."""

from shared.contracts.storefront import OrderCancellationSubmitted
from shared.messaging.batch import Batch

from orders.domain.steps import CancelRequested, Refused, Step
from orders.work import OrdersWork


async def cancel_submitted(asked: Batch[OrderCancellationSubmitted], work: OrdersWork) -> None:
    """OrderCancellationSubmitted -> OrderCancelled | OrderCancellationRequested | a refusal."""
    for event in asked:
        reference = work.references.get(event.client_reference or "")
        order_id = event.order_id or (reference.order_id if reference else "")
        if order_id not in work.rows:
            work.refuse(event.key, "unknown-order")
            continue
        work.asked_under(event.key, order_id)
        match work.advance(order_id, CancelRequested(event.reason), event.type):
            case Refused():
                work.refuse(event.key, "illegal-transition")
            case Step():
                pass
