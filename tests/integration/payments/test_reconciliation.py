"""The provider's own list is the last judge: what it has and we have not is settled or shown."""

from dataclasses import replace
from datetime import timedelta

import pytest
from payments.calls.reconcile import reconcile
from payments.domain.money import Money
from payments.provider import Refund

from tests.integration.payments import fake_provider as does
from tests.integration.payments.comparing import (
    BOOKED,
    DAY_S,
    LISTED,
    SCHEDULE,
    a_paid_order,
    behind_our_back,
    compare,
)
from tests.integration.payments.fake_provider import FakeProvider
from tests.integration.payments.service import LIMITS, Payments, cancelled, rejected
from tests.integration.payments.teller import Teller


async def test_books_that_agree_stay_as_they_are(service: Payments, provider: FakeProvider) -> None:
    provider.charge_script = [does.captures, does.declines, does.charges_without_answer]
    for number in (1, 2, 3):
        await a_paid_order(service, f"ord_{number}")
    await service.live_on(2)
    await service.receive(cancelled("ord_3"))
    await service.work()
    before = [await service.payment(f"ord_{number}") for number in (1, 2, 3)]
    await compare(service)
    await compare(service)

    assert [await service.payment(f"ord_{number}") for number in (1, 2, 3)] == before
    assert await service.broken_promises() == {}
    states = await service.pool.fetch("SELECT state FROM provider_movements")
    assert [one["state"] for one in states] == ["booked"] * 3


async def test_a_charge_behind_our_back_of_a_closed_payment_is_taken_late(
    service: Payments, provider: FakeProvider
) -> None:
    provider.charge_script = [does.declines]
    await a_paid_order(service)
    await service.receive(rejected())
    behind_our_back(provider)
    await compare(service)
    await compare(service)

    told = await service.told("ord_1")
    assert [one["type"] for one in told] == ["declined", "captured", "refunded"]
    assert (told[1]["late"], told[2]["reason"]) == (True, "late-capture")
    assert provider.balance_minor("ord_1") == 0
    assert (await service.payment("ord_1")).status == "refunded"
    assert service.books_agree("ord_1", await service.ledger("ord_1"))
    assert await service.broken_promises() == {}


@pytest.mark.parametrize("money", [Money(1530, "GBP"), Money(7, "GBP"), Money(900, "USD")])
@pytest.mark.parametrize("ended", [False, True])
async def test_a_charge_beside_a_paid_one_goes_back_alone(
    service: Payments, provider: FakeProvider, money: Money, ended: bool
) -> None:
    """Also when the provider, having forgotten our key, has charged under it a second time."""
    await a_paid_order(service)
    if ended:
        await service.receive(cancelled())
        await service.work()
    before, told = await service.payment("ord_1"), await service.types("ord_1")
    behind_our_back(provider, key=provider.book[0].key, money=money)
    await compare(service)
    await compare(service)

    after = await service.payment("ord_1")
    assert after == replace(before, refunds=before.refunds + 1)
    assert await service.types("ord_1") == told, "the order hears nothing of it"
    assert provider.balance_minor("ord_1") == (0 if ended else 1530)
    assert provider.book[-1].money == money
    assert service.books_agree("ord_1", await service.ledger("ord_1"))
    assert await service.broken_promises() == {}


async def test_a_later_refund_still_gives_back_the_orders_own_charge(
    service: Payments, provider: FakeProvider
) -> None:
    await a_paid_order(service)
    behind_our_back(provider)
    await compare(service)
    await service.receive(cancelled())
    await service.work()

    assert await service.types("ord_1") == ["captured", "refunded"]
    assert provider.balance_minor("ord_1") == 0
    assert [one.charge_reference for one in provider.book if one.op == "refund"] == [
        "ch_stray_1",
        "ch_0",
    ]
    assert await service.broken_promises() == {}


async def test_a_charge_that_no_sweep_found_is_asked_about_again(
    service: Payments, provider: FakeProvider
) -> None:
    provider.charge_script = [does.charges_late] * 4
    await a_paid_order(service)
    await service.receive(cancelled())
    await service.live_on(30)
    service.travel(2 * DAY_S)
    await service.live_on(5)
    assert (await service.charge("ord_1")).next_sweep_at is None
    provider.arrive()
    await compare(service)

    assert await service.types("ord_1") == ["voided", "captured", "refunded"]
    assert provider.balance_minor("ord_1") == 0
    assert await service.broken_promises() == {}


async def test_a_charge_beside_one_under_way_waits_until_that_is_decided(
    service: Payments, provider: FakeProvider
) -> None:
    provider.charge_script = [does.charges_without_answer]
    provider.deaf = True
    await a_paid_order(service)
    behind_our_back(provider)
    provider.deaf = False
    service.travel(60)
    assert await reconcile(service.desk, provider, SCHEDULE)
    assert (await service.payment("ord_1")).status == "unknown"
    assert await service.broken_promises() == {}
    await service.work()
    await compare(service)

    assert (await service.payment("ord_1")).status == "captured"
    assert provider.balance_minor("ord_1") == 1530
    assert await service.broken_promises() == {}


async def test_amounts_that_differ_are_shown_and_touched_by_nobody(
    service: Payments, provider: FakeProvider
) -> None:
    await a_paid_order(service)
    provider.book[0] = replace(provider.book[0], money=Money(1500, "GBP"))
    await compare(service)

    assert await service.broken_promises() == {LISTED: ["op_of_ch_0"]}
    assert await service.pool.fetchval("SELECT differences FROM reconciliations") == 1
    assert await service.types("ord_1") == ["captured"]


async def test_money_of_nobody_and_refunds_of_others_are_shown(
    service: Payments, provider: FakeProvider
) -> None:
    await a_paid_order(service)
    await service.receive(cancelled("ord_never_placed"))
    behind_our_back(provider, "ord_of_nobody")
    behind_our_back(provider, "ord_never_placed")
    provider.give_back(Refund("k_by_hand", "ch_0", Money(30, "GBP")))
    await compare(service)

    broken = await service.broken_promises()
    assert sorted(broken) == [LISTED]
    assert sorted(broken[LISTED]) == ["op_3", "op_of_ch_stray_1", "op_of_ch_stray_2"]
    rows = await service.pool.fetchval("SELECT count(*) FROM payments WHERE order_id ~ 'nobody'")
    assert rows == 0, "an order that nobody placed gets no row"


async def test_what_the_list_does_not_have_is_shown(
    service: Payments, provider: FakeProvider
) -> None:
    await a_paid_order(service)
    key = provider.book[0].key
    provider.book.clear()
    await compare(service)
    assert await service.broken_promises() == {}, "as long as clocks may differ"
    service.travel(300)
    await compare(service)

    assert await service.broken_promises() == {BOOKED: [key]}


async def test_a_list_is_read_in_pages_and_gone_on_with_where_it_was_left(
    service: Payments, provider: FakeProvider
) -> None:
    provider.page_size = 2
    for number in range(5):
        await a_paid_order(service, f"ord_{number}")
    service.travel(60)
    provider.deaf = True
    assert not await reconcile(service.desk, provider, SCHEDULE)
    provider.deaf = False
    assert not await reconcile(service.desk, provider, SCHEDULE), "it is claimed"
    service.travel(16)
    assert await reconcile(service.desk, provider, SCHEDULE)

    assert provider.listings == [None, None, "2", "4"]
    assert await service.pool.fetchval("SELECT count(*) FROM provider_movements") == 5
    assert not await reconcile(service.desk, provider, SCHEDULE), "a day lies ahead"
    service.travel(DAY_S)
    assert await reconcile(service.desk, provider, SCHEDULE)


async def test_an_event_that_nothing_explains_brings_the_comparison_forward(
    service: Payments, provider: FakeProvider, teller: Teller
) -> None:
    await a_paid_order(service)
    service.travel(60)
    assert await reconcile(service.desk, provider, SCHEDULE)
    behind_our_back(provider)
    assert (await teller.tell_of(provider.book[-1])).status_code == 202
    service.travel(LIMITS.settle_after.total_seconds() + 1)
    assert await reconcile(service.desk, provider, SCHEDULE)
    await service.work()

    assert provider.balance_minor("ord_1") == 1530
    assert await service.broken_promises() == {}


async def test_an_event_about_money_that_is_in_no_list_is_shown(
    service: Payments, provider: FakeProvider, teller: Teller
) -> None:
    await teller.tell("charge.captured", key="k_of_others", charge_id="ch_9", event_id="msg_1")
    await compare(service)
    service.travel(timedelta(minutes=5).total_seconds())
    await compare(service)

    assert await service.broken_promises() == {"provider-events-are-listed": ["msg_1"]}


async def test_two_comparisons_at_once_take_a_stray_charge_once(
    service: Payments, provider: FakeProvider
) -> None:
    await a_paid_order(service)
    behind_our_back(provider)
    await compare(service)
    await service.pool.execute("UPDATE provider_movements SET state = 'new'")
    await compare(service)

    assert provider.count("refund") == 1
    assert await service.broken_promises() == {}
