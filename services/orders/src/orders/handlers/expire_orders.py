"""The deadline timer -> OrderExpired, or OrderRejected when a refusal is known already."""

from shared.service import Running

from orders import store
from orders.domain.steps import DeadlinePassed
from shared import crash

ORDERS_MAX = 200


async def expire_orders(running: Running, *, deadline_s: float) -> float | None:
    """Deadline -> OrderExpired | OrderRejected | nothing when it was decided meanwhile.

    Goes on until fewer than ``ORDERS_MAX`` are left, for behind an outage the deadlines of many
    pass together. With no deadline passed, gives the time until the next: orders to come have
    ``deadline_s``.
    """
    while True:
        async with running.pool.acquire() as db:
            now = await running.clock.now(db)
            order_ids = await store.past_deadline(db, now, ORDERS_MAX)
            if not order_ids:
                next_at = await store.next_deadline(db)
                return min(deadline_s, (next_at - now).total_seconds()) if next_at else deadline_s
        crash.point("timer.before_transaction")
        async with running.transactions.begin() as work:
            await work.lock_orders(order_ids)
            for order_id in order_ids:
                work.advance(order_id, DeadlinePassed(), "deadline")
        if len(order_ids) < ORDERS_MAX:
            return None
