"""Refunds: never more than was captured, and never given up."""

from dataclasses import replace

import pytest
from asyncpg import CheckViolationError
from payments.domain import payment as rules
from payments.domain.payment import Payment
from payments.refunds import RefundBody, queue_refund
from shared.http.problem import Problem

from tests.integration.payments import fake_provider as does
from tests.integration.payments.fake_provider import FakeProvider
from tests.integration.payments.service import Payments, cancelled, placed, rejected


async def captured(service: Payments) -> Payment:
    await service.receive(placed(total_minor=100))
    await service.work()
    return await service.payment("ord_1")


async def ask(service: Payments, payment: Payment, amount_minor: int) -> None:
    """What ``POST /v1/payments/{id}/refunds`` does in its transaction."""
    async with service.transactions.begin() as work:
        body = RefundBody(amount_minor=amount_minor, reason="damaged")
        await queue_refund(work, payment.payment_id, body)


@pytest.mark.parametrize(
    ("end", "reason"), [(rejected, "order-rejected"), (cancelled, "order-cancelled")]
)
async def test_an_ended_order_gets_everything_back(
    service: Payments, provider: FakeProvider, end: type, reason: str
) -> None:
    await captured(service)
    await service.receive(end())
    assert (await service.payment("ord_1")).status == "refund_pending"
    await service.work()

    captured_event, refunded = await service.told("ord_1")
    assert captured_event["type"] == "captured"
    assert (refunded["type"], refunded["amount_minor"], refunded["refunded_minor"]) == (
        "refunded",
        100,
        100,
    )
    assert refunded["reason"] == reason
    assert provider.balance_minor("ord_1") == 0
    assert (await service.payment("ord_1")).status == "refunded"
    assert await service.ledger("ord_1") == [("charge", 100, "GBP"), ("refund", -100, "GBP")]
    assert await service.broken_promises() == {}


async def test_an_order_that_ends_twice_is_refunded_once(
    service: Payments, provider: FakeProvider
) -> None:
    await captured(service)
    await service.receive(cancelled(), rejected())
    await service.receive(cancelled())
    await service.work()

    assert provider.count("refund") == 1


async def test_a_refund_waits_for_its_charge_and_runs_after_it(
    service: Payments, provider: FakeProvider
) -> None:
    payment = await captured(service)
    await ask(service, payment, 10)
    await ask(service, payment, 20)

    (first,) = await service.lease()
    assert first.payload == {"number": 1}
    assert await service.lease() == []

    await service.perform(first)
    await service.work()

    assert [one["amount_minor"] for one in (await service.told("ord_1"))[1:]] == [10, 20]
    assert (await service.payment("ord_1")).status == "captured"


async def test_the_end_of_an_order_gives_back_only_what_no_other_refund_gives(
    service: Payments, provider: FakeProvider
) -> None:
    payment = await captured(service)
    await ask(service, payment, 40)
    await ask(service, payment, 25)
    await service.receive(cancelled())
    await service.work()

    assert [one.money.minor for one in provider.refund_calls] == [40, 25, 35]
    assert len({one.key for one in provider.refund_calls}) == 3
    assert provider.balance_minor("ord_1") == 0
    assert (await service.told("ord_1"))[-1]["refunded_minor"] == 100


async def test_more_than_is_left_is_refused_and_all_that_is_left_is_not(
    service: Payments, provider: FakeProvider
) -> None:
    payment = await captured(service)
    await ask(service, payment, 60)
    with pytest.raises(Problem) as refused:
        await ask(service, payment, 41)
    assert (refused.value.status, refused.value.name) == (422, "refund-exceeds-capture")
    assert refused.value.more == {"refundable_minor": 40}
    await ask(service, payment, 40)
    await service.work()

    assert provider.balance_minor("ord_1") == 0


async def test_a_refund_without_an_answer_is_found_and_not_made_twice(
    service: Payments, provider: FakeProvider
) -> None:
    provider.refund_script = [does.refunds_without_answer]
    await captured(service)
    await service.receive(cancelled())
    await service.work()
    assert (await service.payment("ord_1")).status == "refund_pending"
    await service.live_on(3)

    assert await service.types("ord_1") == ["captured", "refunded"]
    assert len(provider.refund_calls) == 1
    assert provider.balance_minor("ord_1") == 0


async def test_a_refund_that_was_not_made_is_repeated_under_its_key_until_it_is(
    service: Payments, provider: FakeProvider
) -> None:
    provider.refund_script = [does.refunds_nothing] * 7
    await captured(service)
    await service.receive(cancelled())
    await service.work()
    await service.live_on(20)
    assert await service.open_rows() == 1
    await service.live_on(400, step_s=10)

    assert len(provider.refund_calls) == 8
    assert len({one.key for one in provider.refund_calls}) == 1
    assert await service.types("ord_1") == ["captured", "refunded"]
    assert await service.broken_promises() == {}


async def test_a_refund_under_a_key_that_may_be_forgotten_is_only_asked_about(
    service: Payments, provider: FakeProvider
) -> None:
    provider.refund_script = [does.refunds_nothing]
    await captured(service)
    await service.receive(cancelled())
    await service.work()
    service.travel(12 * 3600)
    await service.live_on(300, step_s=30)

    assert len(provider.refund_calls) == 1
    assert len(provider.inquiries) > 1
    assert await service.open_rows() == 1


async def test_a_refused_refund_is_recorded_and_still_owed(
    service: Payments, provider: FakeProvider
) -> None:
    provider.refund_script = [does.refuses_the_refund]
    await captured(service)
    await service.receive(cancelled())
    await service.work()

    payment = await service.payment("ord_1")
    assert (payment.status, payment.refundable_minor) == ("refund_pending", 100)
    assert await service.types("ord_1") == ["captured"]
    assert await service.broken_promises() == {"ended-orders-keep-no-money": ["ord_1"]}

    await ask(service, payment, 100)
    await service.work()

    assert provider.balance_minor("ord_1") == 0
    assert await service.broken_promises() == {}


@pytest.mark.parametrize(
    ("behaviour", "ledger"),
    [
        (does.charges_too_much, [("charge", 200, "GBP"), ("refund", -200, "GBP")]),
        (does.charges_another_currency, [("charge", 100, "USD"), ("refund", -100, "USD")]),
    ],
)
async def test_a_wrong_amount_is_no_payment_and_goes_back_as_it_was_taken(
    service: Payments,
    provider: FakeProvider,
    behaviour: does.ChargeBehaviour,
    ledger: list[tuple[str, int, str]],
) -> None:
    provider.charge_script = [behaviour]
    await service.receive(placed(total_minor=100))
    await service.work()
    await service.receive(rejected())
    await service.work()

    declined, refunded = await service.told("ord_1")
    assert (declined["type"], declined["reason"]) == ("declined", "amount-mismatch")
    assert (declined["amount_minor"], declined["currency"]) == (100, "GBP")
    assert (refunded["type"], refunded["reason"]) == ("refunded", "amount-mismatch")
    assert await service.ledger("ord_1") == ledger
    assert provider.balance_minor("ord_1") == 0
    assert (await service.payment("ord_1")).status == "refunded"
    assert await service.broken_promises() == {}


async def test_the_judge_catches_refunds_that_are_not_capped(
    service: Payments, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counterexample: amounts fixed at what was asked, not under the order's row."""

    def uncapped(payment: Payment, asked_minor: int, *rest: object) -> object:
        roomy = replace(payment, captured_minor=10**6)
        queued = rules.queue_refund(roomy, asked_minor, *rest)  # type: ignore[arg-type]
        assert isinstance(queued, rules.RefundQueued)
        captured_minor = payment.captured_minor
        return replace(queued, payment=replace(queued.payment, captured_minor=captured_minor))

    monkeypatch.setattr("payments.unit_of_work.queue_refund", uncapped)
    payment = await captured(service)
    provider.caps_refunds = False
    await ask(service, payment, 60)

    async def ask_too_much() -> None:
        async with service.transactions.begin() as work:
            await work.lock_orders(["ord_1"])
            work.ask_refund(work.rows["ord_1"], 100, "order-cancelled")

    # The last net: PostgreSQL refuses it even when the rule is gone.
    with pytest.raises(CheckViolationError):
        await ask_too_much()
    await service.pool.execute("ALTER TABLE payments DROP CONSTRAINT refunds_within_capture")
    await ask_too_much()
    await service.work()

    assert provider.balance_minor("ord_1") == -60
