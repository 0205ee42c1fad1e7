"""Differences that end: what was given back, and what each instance tells of the last look."""

from payments.calls.compared import Shown
from payments.domain.money import Money
from payments.provider import Refund
from prometheus_client import REGISTRY

from tests.integration.payments.comparing import LISTED, a_paid_order, behind_our_back, compare
from tests.integration.payments.fake_provider import FakeProvider
from tests.integration.payments.service import Payments


def gauge(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"orderproof_reconciliation_{name}", labels)


async def test_money_of_nobody_is_no_difference_once_all_of_it_was_given_back(
    service: Payments, provider: FakeProvider
) -> None:
    behind_our_back(provider, "ord_of_nobody")
    provider.give_back(Refund("k_half", "ch_stray_0", Money(1000, "GBP")))
    await compare(service)
    assert len((await service.broken_promises())[LISTED]) == 2, "a part of it is not all"

    provider.give_back(Refund("k_rest", "ch_stray_0", Money(530, "GBP")))
    await compare(service)

    assert await service.broken_promises() == {}
    assert await service.pool.fetchval("SELECT differences FROM reconciliations") == 0


async def test_a_charge_of_ours_that_was_given_back_by_hand_stays_a_difference(
    service: Payments, provider: FakeProvider
) -> None:
    await a_paid_order(service)
    provider.give_back(Refund("k_by_hand", "ch_0", Money(1530, "GBP")))
    await compare(service)

    assert await service.broken_promises() == {LISTED: ["op_1"]}


async def test_an_instance_shows_the_last_comparison_whoever_made_it_and_before_it_began(
    service: Payments, provider: FakeProvider
) -> None:
    """Otherwise a restart would silence one alert and set off another."""
    await Shown().look(service.desk, "provider")
    behind_our_back(provider, "ord_of_nobody")
    await compare(service)
    instance = Shown()

    await instance.look(service.desk, "provider")

    finished_at = await service.pool.fetchval("SELECT finished_at FROM reconciliations")
    assert gauge("finished_timestamp_seconds") == finished_at.timestamp()
    assert gauge("differences", promise=LISTED) == 1
    provider.give_back(Refund("k_back", "ch_stray_0", Money(1530, "GBP")))
    await compare(service)
    await instance.look(service.desk, "provider")
    assert gauge("differences", promise=LISTED) == 0
