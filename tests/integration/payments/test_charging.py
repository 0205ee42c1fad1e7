"""An order's charge, by what the provider does with it."""

import pytest
from shared.work.slots import Slots

from tests.integration.payments import fake_provider as does
from tests.integration.payments.fake_provider import FakeProvider
from tests.integration.payments.service import (
    DECIDE_WITHIN_S,
    TOKEN,
    Payments,
    cancelled,
    expired,
    placed,
    rejected,
)


async def test_a_placed_order_is_charged_once_and_told(
    service: Payments, provider: FakeProvider
) -> None:
    await service.receive(placed())
    await service.work()

    assert provider.balance_minor("ord_1") == 1530
    (told,) = await service.told("ord_1")
    assert (told["type"], told["amount_minor"], told["currency"], told["late"]) == (
        "captured",
        1530,
        "GBP",
        False,
    )
    payment = await service.payment("ord_1")
    assert (payment.status, payment.captured_minor, payment.token) == ("captured", 1530, None)
    assert await service.ledger("ord_1") == [("charge", 1530, "GBP")]
    assert await service.broken_promises() == {}


async def test_a_repeated_order_placed_asks_for_no_second_charge(
    service: Payments, provider: FakeProvider
) -> None:
    await service.receive(placed(), placed())
    await service.receive(placed())
    await service.work()
    await service.receive(placed())
    await service.work()

    assert len(provider.charge_calls) == 1


async def test_a_refused_card_is_a_decline_and_the_token_is_forgotten(
    service: Payments, provider: FakeProvider
) -> None:
    provider.charge_script = [does.declines]
    await service.receive(placed())
    await service.work()

    (told,) = await service.told("ord_1")
    assert (told["type"], told["reason"]) == ("declined", "insufficient-funds")
    payment = await service.payment("ord_1")
    assert (payment.status, payment.token) == ("declined", None)
    assert await service.open_rows() == 0


async def test_a_timeout_is_unknown_and_then_found_captured(
    service: Payments, provider: FakeProvider
) -> None:
    provider.charge_script = [does.charges_without_answer]
    await service.receive(placed())
    await service.work()
    assert (await service.payment("ord_1")).status == "unknown"
    assert await service.types("ord_1") == []

    await service.live_on(2)

    assert await service.types("ord_1") == ["captured"]
    assert len(provider.charge_calls) == 1
    assert provider.balance_minor("ord_1") == 1530


async def test_a_call_that_was_not_done_is_repeated_under_the_same_key(
    service: Payments, provider: FakeProvider
) -> None:
    provider.charge_script = [does.does_nothing_and_never_answers]
    await service.receive(placed())
    await service.work()
    await service.live_on(2)

    assert await service.types("ord_1") == ["captured"]
    assert len(provider.charge_calls) == 2
    assert len({one.key for one in provider.charge_calls}) == 1


@pytest.mark.parametrize("first", [does.fails_with_500, does.charges_and_answers_garbage])
async def test_an_answer_that_says_nothing_is_asked_about(
    service: Payments, provider: FakeProvider, first: does.ChargeBehaviour
) -> None:
    provider.charge_script = [first]
    await service.receive(placed())
    await service.work()
    assert (await service.payment("ord_1")).status == "unknown"

    await service.live_on(2)

    assert await service.types("ord_1") == ["captured"]
    assert provider.count("capture") == 1


async def test_a_provider_that_never_does_it_is_given_up_after_four_calls(
    service: Payments, provider: FakeProvider
) -> None:
    provider.charge_script = [does.does_nothing_and_never_answers] * 9
    await service.receive(placed())
    await service.work()
    await service.live_on(60)

    (told,) = await service.told("ord_1")
    assert (told["type"], told["reason"]) == ("declined", "provider-unreachable")
    assert len(provider.charge_calls) == 4
    charge = await service.charge("ord_1")
    assert charge.state == "not_made"
    assert charge.next_sweep_at is not None


async def test_a_deaf_provider_stays_unknown_however_long_it_takes(
    service: Payments, provider: FakeProvider
) -> None:
    provider.charge_script = [does.charges_without_answer]
    provider.deaf = True
    await service.receive(placed())
    await service.work()
    await service.live_on(7200, step_s=60)

    assert (await service.payment("ord_1")).status == "unknown"
    assert await service.types("ord_1") == []
    assert await service.open_rows() == 1

    provider.deaf = False
    await service.live_on(120, step_s=10)

    assert await service.types("ord_1") == ["captured"]


async def test_no_charge_is_started_at_the_last_moment(
    service: Payments, provider: FakeProvider
) -> None:
    await service.receive(placed())
    service.travel(DECIDE_WITHIN_S + 1)
    await service.work()

    assert provider.charge_calls == []
    (told,) = await service.told("ord_1")
    assert (told["type"], told["reason"]) == ("declined", "deadline-passed")
    assert (await service.charge("ord_1")).next_sweep_at is None


async def test_a_charge_is_started_just_before_the_last_moment(
    service: Payments, provider: FakeProvider
) -> None:
    await service.receive(placed())
    service.travel(DECIDE_WITHIN_S - 5)
    await service.work()

    assert await service.types("ord_1") == ["captured"]


async def test_no_call_is_repeated_after_the_last_moment(
    service: Payments, provider: FakeProvider
) -> None:
    provider.charge_script = [does.does_nothing_and_never_answers]
    await service.receive(placed())
    service.travel(DECIDE_WITHIN_S - 2)
    await service.work()
    service.travel(3)
    await service.live_on(30)

    assert len(provider.charge_calls) == 1
    (told,) = await service.told("ord_1")
    assert (told["type"], told["reason"]) == ("declined", "provider-unreachable")


@pytest.mark.parametrize("end", [rejected, expired, cancelled])
async def test_an_order_that_ended_before_the_call_is_voided_without_one(
    service: Payments, provider: FakeProvider, end: type
) -> None:
    await service.receive(placed())
    await service.receive(end())
    await service.work()

    assert provider.charge_calls == []
    assert await service.types("ord_1") == ["voided"]
    assert (await service.payment("ord_1")).status == "voided"
    assert await service.broken_promises() == {}


async def test_an_order_heard_of_only_after_its_end_is_never_charged(
    service: Payments, provider: FakeProvider
) -> None:
    await service.receive(cancelled())
    await service.receive(placed())
    await service.live_on(10)

    assert provider.charge_calls == []
    assert await service.types("ord_1") == ["voided"]
    assert (await service.payment("ord_1")).token is None


async def test_an_order_that_ends_while_unknown_is_not_called_again(
    service: Payments, provider: FakeProvider
) -> None:
    provider.charge_script = [does.does_nothing_and_never_answers]
    await service.receive(placed())
    await service.work()
    await service.receive(expired())
    assert (await service.payment("ord_1")).token is None
    await service.live_on(30)

    assert len(provider.charge_calls) == 1
    assert await service.types("ord_1") == ["voided"]


async def test_a_batch_of_orders_is_settled_whatever_becomes_of_each(
    service: Payments, provider: FakeProvider
) -> None:
    provider.charge_script = [does.captures, does.declines, does.does_nothing_and_never_answers]
    await service.receive(*(placed(f"ord_{n}") for n in range(4)))
    await service.receive(cancelled("ord_3"))
    await service.work()
    await service.live_on(3)

    outcomes = [await service.types(f"ord_{n}") for n in range(4)]
    assert sorted(map(tuple, outcomes)) == [
        ("captured",),
        ("captured",),
        ("declined",),
        ("voided",),
    ]
    assert await service.broken_promises() == {}


async def test_the_token_is_nowhere_but_in_the_row_that_needs_it(
    service: Payments, provider: FakeProvider
) -> None:
    await service.receive(placed())
    payment = await service.payment("ord_1")
    assert payment.token == TOKEN
    assert TOKEN not in repr(payment)
    work = await service.pool.fetch("SELECT * FROM work_rows")
    attempts = await service.pool.fetch("SELECT * FROM payment_attempts")
    assert TOKEN not in repr([dict(one) for one in [*work, *attempts]])

    await service.work()

    assert TOKEN not in repr(provider.charge_calls)
    assert await service.pool.fetch("SELECT FROM payments WHERE token IS NOT NULL") == []
    outbox = await service.pool.fetch("SELECT payload FROM outbox")
    assert TOKEN not in repr([dict(one) for one in outbox])


async def test_a_charge_that_finds_no_slot_is_not_made_and_waits_for_its_turn(
    service: Payments, provider: FakeProvider
) -> None:
    await service.receive(placed())
    service.slots = Slots(calls_max=1, wait_s=0.01)
    (row,) = await service.lease()
    async with service.slots.take():
        await service.perform(row)

    (attempt,) = await service.attempts("ord_1")
    assert (attempt.state, attempt.calls, attempt.first_called_at) == ("open", 0, None)
    assert (provider.charge_calls, provider.inquiries) == ([], [])
    await service.work()
    assert len(provider.charge_calls) == 1
    assert provider.inquiries == []
    assert (await service.payment("ord_1")).status == "captured"


async def test_a_refund_that_finds_no_slot_is_not_made_and_waits_for_its_turn(
    service: Payments, provider: FakeProvider
) -> None:
    await service.receive(placed())
    await service.work()
    await service.receive(rejected())
    service.slots = Slots(calls_max=1, wait_s=0.01)
    (row,) = await service.lease()
    async with service.slots.take():
        await service.perform(row)

    assert provider.refund_calls == []
    await service.work()
    assert len(provider.refund_calls) == 1
    assert provider.balance_minor("ord_1") == 0
    assert await service.broken_promises() == {}
