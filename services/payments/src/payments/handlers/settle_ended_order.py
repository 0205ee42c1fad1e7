"""OrderRejected, OrderExpired, OrderCancelled -> a refund is asked for | no charge may start."""

from typing import TypeAlias

from shared.contracts.orders import OrderCancelled, OrderExpired, OrderRejected
from shared.messaging.batch import Batch

from payments.domain.payment import end_order
from payments.unit_of_work import PaymentsWork

OrderEnd: TypeAlias = OrderRejected | OrderExpired | OrderCancelled


async def settle_ended_order(ended: Batch[OrderEnd], work: PaymentsWork) -> None:
    """OrderRejected | OrderExpired | OrderCancelled -> a refund is asked for | no charge starts.

    A charge under way is settled by whoever learns its outcome. An order that was never heard of
    leaves a tombstone, so that its OrderPlaced, come late, charges nobody.
    """
    for order in ended:
        settled = end_order(work.rows[order.order_id], reason_of(order))
        work.rows[order.order_id] = settled.payment
        if settled.refund_minor > 0:
            work.ask_refund(settled.payment, settled.refund_minor, reason_of(order))


def reason_of(order: OrderEnd) -> str:
    """Why the money goes back, as PaymentRefunded tells it."""
    match order:
        case OrderRejected():
            return "order-rejected"
        case OrderExpired():
            return "order-expired"
        case OrderCancelled():
            return "order-cancelled"
