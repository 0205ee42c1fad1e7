"""What the deadline timer tells of orders that nobody decided."""

from orders.handlers.expire_orders import expire_orders
from orders.settings import OrdersSettings
from shared.clock import Clock
from shared.service import Running

from tests.integration.intake.service import SUBMITTED, Orders, a_record
from tests.support.builders import an_order
from tests.support.wiring import EXAMPLE_SETTINGS

TRACES = {"web-1": "1" * 32, "web-2": "2" * 32}


async def test_each_order_expires_in_the_trace_in_which_it_was_placed(service: Orders) -> None:
    """One pass of the timer expires both; it has no trace of its own to lend them."""
    for reference, trace_id in TRACES.items():
        context = f"00-{trace_id}-{'a' * 16}-00"
        body = an_order(reference=reference)
        await service.take_in(a_record(SUBMITTED, body, reference, context))
    await service.pool.execute("UPDATE orders SET deadline_at = now()")

    settings = OrdersSettings(**EXAMPLE_SETTINGS)
    await expire_orders(Running(settings, service.pool, Clock(), service.transactions))

    for reference, trace_id in TRACES.items():
        told = await service.told(await service.order_under(reference))
        assert [(one.name, one.trace_id) for one in told] == [
            ("order-placed", trace_id),
            ("order-expired", trace_id),
        ]
