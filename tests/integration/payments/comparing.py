"""Comparisons with the provider's list, a minute later, and what happens behind our back."""

from payments.calls.reconcile import Schedule, reconcile
from payments.domain.money import Money
from payments.provider import Charge

from tests.integration.payments.fake_provider import FakeProvider
from tests.integration.payments.service import LIMITS, TOKEN, Payments, placed

DAY_S = 86_400
SCHEDULE = Schedule("provider", DAY_S, LIMITS.settle_after)
LISTED, BOOKED = "provider-list-is-booked", "booked-is-in-provider-list"


async def compare(service: Payments) -> None:
    """A comparison a minute later, and whatever follows from it."""
    service.travel(60)
    await service.pool.execute("UPDATE reconciliations SET due_at = '-infinity'")
    assert await reconcile(service.desk, service.provider, SCHEDULE)
    await service.live_on(2)


async def a_paid_order(service: Payments, order_id: str = "ord_1") -> None:
    await service.receive(placed(order_id))
    await service.work()


def behind_our_back(
    provider: FakeProvider,
    order_id: str = "ord_1",
    key: str = "k_of_nobody",
    money: Money | None = None,
) -> None:
    charge = Charge(key, order_id, Money(1530, "GBP"), TOKEN)
    provider.take(charge, f"ch_stray_{len(provider.book)}", money)
