"""OrderCancellationSubmitted -> OrderCancelled | OrderCancellationRequested | refused."""

from shared.contracts.storefront import OrderCancellationSubmitted
from shared.messaging.batch import Batch

from orders.domain.steps import CancelRequested, Refused, Step
from orders.work import OrdersWork


async def cancel_submitted(asked: Batch[OrderCancellationSubmitted], work: OrdersWork) -> None:
    """OrderCancellationSubmitted -> OrderCancelled | OrderCancellationRequested | a refusal."""
    for event in asked:
        named = work.references.get(event.client_reference or "")
        order_id = event.order_id or (named.order_id if named else "")
        if order_id not in work.rows:
            work.refuse(event.key, "unknown-order")
            continue
        work.asked_under(event.key, order_id)
        match work.advance(order_id, CancelRequested(event.reason), event.type):
            case Refused():
                # Under the order's own key this would break into the sequence of its events.
                work.refuse(work.rows[order_id].client_reference, "illegal-transition")
            case Step():
                pass
