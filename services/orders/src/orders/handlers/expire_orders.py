"""The deadline timer -> OrderExpired, or OrderRejected when a refusal is known already."""

from shared.service import Running

from orders import store
from orders.domain.steps import DeadlinePassed
from shared import crash

ORDERS_MAX = 200


async def expire_orders(running: Running) -> None:
    """Deadline -> OrderExpired | OrderRejected | nothing when it was decided meanwhile."""
    async with running.pool.acquire() as db:
        order_ids = await store.past_deadline(db, await running.clock.now(db), ORDERS_MAX)
    if not order_ids:
        return
    crash.point("timer.before_transaction")
    async with running.transactions.begin() as work:
        await work.lock_orders(order_ids)
        for order_id in order_ids:
            work.advance(order_id, DeadlinePassed(), "deadline")
