"""What the deadline timer tells of orders that nobody decided."""

from datetime import timedelta

import pytest
from orders.handlers.expire_orders import expire_orders
from orders.settings import OrdersSettings
from orders.work import OrdersWork
from shared.clock import Clock
from shared.messaging.unit_of_work import Transactions
from shared.service import Running

from tests.integration.intake.service import SUBMITTED, Orders, a_record
from tests.support.builders import an_order
from tests.support.wiring import EXAMPLE_SETTINGS

TRACES = {"web-1": "1" * 32, "web-2": "2" * 32}
DEADLINE_S = 900  # As the intake of ``service`` gives it.


async def test_each_order_expires_in_the_trace_in_which_it_was_placed(service: Orders) -> None:
    """One pass of the timer expires both; it has no trace of its own to lend them."""
    for reference, trace_id in TRACES.items():
        context = f"00-{trace_id}-{'a' * 16}-00"
        body = an_order(reference=reference)
        await service.take_in(a_record(SUBMITTED, body, reference, context))
    await service.pool.execute("UPDATE orders SET deadline_at = now() - interval '1 s'")

    settings = OrdersSettings(**EXAMPLE_SETTINGS)
    running = Running(settings, service.pool, Clock(), service.transactions)
    assert await expire_orders(running, deadline_s=900) is None

    for reference, trace_id in TRACES.items():
        told = await service.told(await service.order_under(reference))
        assert [(one.name, one.trace_id) for one in told] == [
            ("order-placed", trace_id),
            ("order-expired", trace_id),
        ]


async def test_the_timer_rests_until_the_next_deadline(service: Orders) -> None:
    """Of those that are there and of those that may come; what is decided has none."""
    settings = OrdersSettings(**EXAMPLE_SETTINGS)
    running = Running(settings, service.pool, Clock(), service.transactions)
    assert await expire_orders(running, deadline_s=900) == 900

    await service.take_in(a_record(SUBMITTED, an_order(reference="web-1"), "web-1"))
    await service.pool.execute("UPDATE orders SET deadline_at = now() + interval '60 s'")
    rest_s = await expire_orders(running, deadline_s=900)
    assert rest_s == pytest.approx(60, abs=10), "a clock is late by as much as its reading took"
    assert await expire_orders(running, deadline_s=5) == 5

    await service.pool.execute("UPDATE orders SET deadline_at = now() - interval '1 s'")
    assert await expire_orders(running, deadline_s=900) is None
    assert await expire_orders(running, deadline_s=900) == 900


async def test_however_many_deadlines_have_passed_none_waits_for_the_next_look(
    service: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind an outage many orders were placed together, and so their time ends together."""
    monkeypatch.setattr("orders.handlers.expire_orders.ORDERS_MAX", 2)
    references = [f"web-{n}" for n in range(5)]
    await service.take_in(*(a_record(SUBMITTED, an_order(reference=n), n) for n in references))
    await service.pool.execute("UPDATE orders SET deadline_at = now() - interval '1 s'")
    running = Running(
        OrdersSettings(**EXAMPLE_SETTINGS), service.pool, Clock(), service.transactions
    )

    await expire_orders(running, deadline_s=DEADLINE_S)

    assert await service.pool.fetchval("SELECT count(*) FROM orders WHERE status = 'expired'") == 5


async def test_an_order_expires_though_the_process_that_placed_it_is_gone(service: Orders) -> None:
    await service.take_in(a_record(SUBMITTED, an_order(reference="web-1"), "web-1"))
    order_id = await service.order_under("web-1")
    later = Clock(timedelta(seconds=DEADLINE_S + 1))
    successor = Transactions(service.pool, later, OrdersWork)
    running = Running(OrdersSettings(**EXAMPLE_SETTINGS), service.pool, later, successor)

    assert await expire_orders(running, deadline_s=DEADLINE_S) is None

    assert [one.name for one in await service.told(order_id)] == ["order-placed", "order-expired"]
