"""An answer or a movement of goods -> where the lifecycle's table says."""

from shared.contracts.event import Event
from shared.messaging.batch import Batch

from orders.work import OrdersWork


async def advance_order(facts: Batch[Event], work: OrdersWork) -> None:
    """Fact -> OrderConfirmed | OrderRejected | OrderShipped | OrderDelivered | nothing yet.

    The rules are in ``orders.domain.lifecycle``, one row for each state and fact.
    """
    for fact in facts:
        work.advance(fact.order_id, fact, fact.type)
