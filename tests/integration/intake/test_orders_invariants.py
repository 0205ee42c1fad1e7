"""Each invariant holds for an honest history, and sees the lie it is there to see."""

import pytest
from orders.invariants import INVARIANTS

from tests.integration.intake.service import SUBMITTED, Orders, a_record
from tests.support.builders import an_order

LIES = {
    "no-stuck-order": "UPDATE orders SET deadline_at = now() - interval '61 s'",
    "no-stuck-cancellation": (
        "UPDATE orders SET status = 'cancelling'; "
        "UPDATE order_transitions SET at = at - interval '121 s'"
    ),
    "transitions-are-legal": "UPDATE order_transitions SET status = 'confirmed'",
    "history-tells-the-order": "UPDATE orders SET fulfilment = 'open'",
    "history-is-whole": "DELETE FROM order_transitions",
    "confirmed-is-paid-and-held": "UPDATE orders SET status = 'confirmed'",
    "ended-is-not-paid": "UPDATE orders SET status = 'expired', payment = 'captured'",
    "only-pending-orders-are-set-aside": (
        "WITH told AS (UPDATE outbox SET shard = shard + 16) UPDATE orders SET status = 'cancelled'"
    ),
}


@pytest.mark.parametrize("name", [one.name for one in INVARIANTS])
async def test_each_invariant_of_orders_sees_its_lie(service: Orders, name: str) -> None:
    await service.take_in(a_record(SUBMITTED, an_order(reference="web-1"), "web-1"))
    assert await service.broken_promises() == {}

    await service.pool.execute(LIES[name])

    assert name in await service.broken_promises()
    await service.pool.execute("TRUNCATE orders, order_transitions, outbox")


async def test_a_partner_has_days_to_answer_a_cancellation(service: Orders) -> None:
    await service.take_in(a_record(SUBMITTED, an_order(reference="web-1"), "web-1"))
    await service.pool.execute(LIES["no-stuck-cancellation"])
    await service.pool.execute(
        "INSERT INTO partner_cancellations SELECT order_id, now() - interval '2 days' FROM orders"
    )
    assert "no-stuck-cancellation" not in await service.broken_promises()

    await service.pool.execute(
        "UPDATE partner_cancellations SET asked_at = asked_at - interval '2 days'"
    )

    assert "no-stuck-cancellation" in await service.broken_promises()
    await service.pool.execute("TRUNCATE orders, order_transitions, partner_cancellations")
