"""What nobody asked for when it came is told in the trace that asked for the payment."""

from dataclasses import replace

from payments.calls.reconcile import Schedule, reconcile

from tests.integration.payments import fake_provider as does
from tests.integration.payments.fake_provider import FakeProvider
from tests.integration.payments.late import LATE
from tests.integration.payments.service import LIMITS, Payments, placed, rejected

TRACES = {name: number * 32 for name, number in (("ord_1", "1"), ("ord_2", "2"))}


async def asked_for(service: Payments, order_id: str) -> None:
    """The order is placed in a trace of its own; everything after it has none."""
    context = f"00-{TRACES[order_id]}-{'a' * 16}-01"
    await service.receive(placed(order_id), traceparent=context)


async def test_late_charges_that_one_sweep_finds_are_told_in_the_trace_of_each_order(
    service: Payments, provider: FakeProvider
) -> None:
    provider.charge_script = [does.charges_late] * 8
    for order_id in TRACES:
        await asked_for(service, order_id)
    await service.work()
    await service.receive(*map(rejected, TRACES))
    await service.live_on(30)

    provider.arrive()
    await service.live_on(70)

    for order_id, trace in TRACES.items():
        assert await service.types(order_id) == ["voided", *LATE]
        assert await service.traces(order_id) == [trace] * 3


async def test_a_charge_that_the_comparison_finds_is_told_in_its_orders_trace(
    service: Payments, provider: FakeProvider
) -> None:
    provider.charge_script = [does.declines]
    await asked_for(service, "ord_1")
    await service.work()
    (charge,) = provider.charge_calls
    provider.take(replace(charge, key="k_of_nobody"), "ch_stray")

    service.travel(60)
    schedule = Schedule("provider", 86_400, LIMITS.settle_after)
    assert await reconcile(service.desk, provider, schedule)
    await service.live_on(2)

    assert await service.types("ord_1") == ["declined", *LATE]
    assert await service.traces("ord_1") == [TRACES["ord_1"]] * 3
