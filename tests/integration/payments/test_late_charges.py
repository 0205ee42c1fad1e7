"""Money that comes when nobody expects it any more is found, told and given back once."""

import pytest
from payments.calls import charging
from payments.calls.desk import Case
from payments.calls.sweep import sweep
from payments.domain import payment as rules
from payments.domain.money import Money
from payments.domain.payment import PaidLate, Payment
from payments.provider import Charge, ChargeAnswer, Unknown
from payments.store import Sweep
from shared.errors import Permanent

from tests.integration.payments import fake_provider as does
from tests.integration.payments.fake_provider import FakeProvider
from tests.integration.payments.late import LATE, found_twice, given_up
from tests.integration.payments.service import Payments, cancelled, expired, placed, rejected


async def test_a_charge_that_arrives_after_its_order_ended_goes_back(
    service: Payments, provider: FakeProvider
) -> None:
    provider.charge_script = [does.charges_without_answer]
    await service.receive(placed())
    await service.work()
    await service.receive(expired())
    await service.live_on(2)

    told = await service.told("ord_1")
    assert [one["type"] for one in told] == LATE
    assert (told[0]["late"], told[1]["reason"]) == (True, "late-capture")
    assert provider.balance_minor("ord_1") == 0
    assert (await service.payment("ord_1")).status == "refunded"
    assert await service.broken_promises() == {}


async def test_an_order_that_ends_during_the_call_gets_its_money_back(
    service: Payments, provider: FakeProvider
) -> None:
    async def ends_meanwhile(provider: FakeProvider, charge: Charge) -> ChargeAnswer:
        await service.receive(cancelled())
        return provider.capture(charge)

    provider.charge_script = [ends_meanwhile]
    await service.receive(placed())
    await service.work()

    assert await service.types("ord_1") == LATE
    assert provider.balance_minor("ord_1") == 0


async def test_a_late_charge_of_a_voided_payment_is_found_by_the_sweep(
    service: Payments, provider: FakeProvider
) -> None:
    await given_up(service, provider)
    provider.arrive()
    assert provider.balance_minor("ord_1") == 1530
    await service.live_on(70)

    assert await service.types("ord_1") == ["voided", *LATE]
    assert provider.balance_minor("ord_1") == 0
    assert (await service.charge("ord_1")).next_sweep_at is None
    assert await service.broken_promises() == {}


async def test_a_late_charge_of_a_declined_payment_is_found_by_the_sweep(
    service: Payments, provider: FakeProvider
) -> None:
    provider.charge_script = [does.charges_late] * 4
    await service.receive(placed())
    await service.work()
    await service.live_on(60)
    assert await service.types("ord_1") == ["declined"]
    await service.receive(rejected())

    provider.arrive()
    await service.live_on(90)

    assert await service.types("ord_1") == ["declined", *LATE]
    assert provider.balance_minor("ord_1") == 0


async def test_a_charge_is_looked_for_five_times_over_a_day(
    service: Payments, provider: FakeProvider
) -> None:
    await given_up(service, provider)
    provider.inquiries.clear()
    await service.live_on(400, step_s=20)
    await service.live_on(90_000, step_s=600)

    assert len(provider.inquiries) == 5
    assert (await service.charge("ord_1")).next_sweep_at is None


async def test_a_charge_that_arrives_after_two_hours_is_found_after_a_day(
    service: Payments, provider: FakeProvider
) -> None:
    await given_up(service, provider)
    await service.live_on(7500, step_s=100)
    provider.arrive()
    await service.live_on(82_000, step_s=1000)

    assert await service.types("ord_1") == ["voided", *LATE]
    assert provider.balance_minor("ord_1") == 0


async def test_a_sweep_without_an_answer_comes_again(
    service: Payments, provider: FakeProvider
) -> None:
    await given_up(service, provider)
    provider.arrive()
    provider.deaf = True
    await service.live_on(70)
    assert await service.types("ord_1") == ["voided"]
    provider.deaf = False
    await service.live_on(20)

    assert await service.types("ord_1") == ["voided", *LATE]


async def test_a_sweep_that_cannot_be_recorded_holds_up_no_other_and_comes_again(
    service: Payments, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.charge_script = [does.charges_late] * 2
    await service.receive(placed("ord_1"), placed("ord_2"))
    await service.work()
    await service.receive(rejected("ord_1"), rejected("ord_2"))
    await service.live_on(30)
    provider.arrive()
    swept = charging.swept

    def broken(case: Case, sweep: Sweep, answer: ChargeAnswer) -> None:
        if case.key.order_id == "ord_1":
            raise Permanent("a bug")
        swept(case, sweep, answer)

    with monkeypatch.context() as patched:
        patched.setattr(charging, "swept", broken)
        await service.live_on(70)
    assert await service.types("ord_1") == ["voided"]
    assert await service.types("ord_2") == ["voided", *LATE]

    await service.live_on(20)

    assert await service.types("ord_1") == ["voided", *LATE]


async def test_a_worker_that_lost_its_lease_records_nothing_and_has_somebody_look(
    service: Payments, provider: FakeProvider
) -> None:
    """The first worker stalls in its call; a second takes over, asks twice and gives up."""

    async def stalls(provider: FakeProvider, charge: Charge) -> ChargeAnswer:
        await service.receive(expired())
        service.travel(16)
        await service.live_on(25)
        assert await service.types("ord_1") == ["voided"]
        return provider.capture(charge)

    provider.charge_script = [stalls]
    await service.receive(placed())
    (row,) = await service.lease()
    await service.perform(row)

    assert await service.types("ord_1") == ["voided"]
    assert provider.balance_minor("ord_1") == 1530
    assert await service.ledger("ord_1") == []

    await sweep(service.desk, provider)
    await service.work()

    assert await service.types("ord_1") == ["voided", *LATE]
    assert provider.balance_minor("ord_1") == 0


async def test_whoever_takes_over_asks_before_it_calls(
    service: Payments, provider: FakeProvider
) -> None:
    async def dies(provider: FakeProvider, charge: Charge) -> ChargeAnswer:
        provider.capture(charge)
        raise Permanent("the process is gone")

    provider.charge_script = [dies]
    await service.receive(placed())
    (row,) = await service.lease()
    with pytest.raises(Permanent):
        await service.perform(row)
    service.travel(16)
    await service.work()

    assert len(provider.charge_calls) == 1
    assert len(provider.inquiries) == 1
    assert await service.types("ord_1") == ["captured"]


async def test_a_worker_that_wakes_before_its_call_does_not_charge_twice(
    service: Payments, provider: FakeProvider
) -> None:
    """Stopped between the commit and the call; the successor charges under the same key."""

    async def sleeps_first(provider: FakeProvider, charge: Charge) -> ChargeAnswer:
        service.travel(16)
        await service.work()
        assert await service.types("ord_1") == ["captured"]
        return provider.capture(charge)

    provider.charge_script = [sleeps_first]
    await service.receive(placed())
    (row,) = await service.lease()
    await service.perform(row)
    await service.live_on(5)

    assert provider.count("capture") == 1
    assert await service.types("ord_1") == ["captured"]
    assert await service.ledger("ord_1") == [("charge", 1530, "GBP")]


async def test_a_late_charge_that_two_find_is_refunded_once(
    service: Payments, provider: FakeProvider
) -> None:
    provider.caps_refunds = False
    await found_twice(service, provider)

    assert await service.types("ord_1") == ["voided", *LATE]
    assert provider.balance_minor("ord_1") == 0


async def test_the_judge_catches_two_writers_of_a_late_charge(
    service: Payments, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counterexample: a late charge is taken in whatever money the payment has already."""

    def unguarded(payment: Payment, taken: Money, reference: str) -> rules.Capture:
        taking = rules.capture(payment, taken, reference)
        if not isinstance(taking, rules.AlreadyPaid):
            return taking
        return PaidLate(
            Payment(
                order_id=payment.order_id,
                payment_id=payment.payment_id,
                status="captured_late",
                captured_minor=payment.captured_minor + taken.minor,
                captured_currency=taken.currency,
                charge_reference=reference,
                refunds=payment.refunds,
                refund_queued_minor=payment.refund_queued_minor,
            )
        )

    monkeypatch.setattr(charging, "capture", unguarded)
    provider.caps_refunds = False
    await service.pool.execute(
        "ALTER TABLE ledger_entries DROP CONSTRAINT ledger_entries_tx_id_account_key"
    )
    await found_twice(service, provider)

    assert provider.balance_minor("ord_1") < 0
    assert not service.books_agree("ord_1", await service.ledger("ord_1"))


async def test_no_call_goes_out_under_a_key_the_provider_may_have_forgotten(
    service: Payments, provider: FakeProvider
) -> None:
    """A deaf provider, a deadline far away: after half the key's life there is no repeat."""
    far = placed().model_copy(update={"deadline_at": placed().deadline_at.replace(year=2100)})
    provider.charge_script = [does.does_nothing_and_never_answers]
    provider.deaf = True
    await service.receive(far)
    await service.work()
    service.travel(12 * 3600)
    provider.deaf = False
    await service.live_on(60)

    assert len(provider.charge_calls) == 1
    assert await service.types("ord_1") == ["declined"]


async def test_an_inquiry_that_stays_unanswered_moves_nothing(
    service: Payments, provider: FakeProvider
) -> None:
    await given_up(service, provider)
    before = await service.payment("ord_1")
    charge = await service.charge("ord_1")

    def record(case: Case) -> None:
        charging.answered(case, Unknown("TimeoutError"))

    await service.desk.note(charge.key, record)

    assert await service.payment("ord_1") == before
