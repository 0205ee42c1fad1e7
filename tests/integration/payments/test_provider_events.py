"""What the provider tells by itself has one effect: twice, late, early or out of order."""

import pytest
from payments.domain.money import Money
from payments.provider import Charge, ChargeAnswer, Unknown

from tests.integration.payments import fake_provider as does
from tests.integration.payments.fake_provider import FakeProvider
from tests.integration.payments.service import Payments, cancelled, placed
from tests.integration.payments.teller import Teller, a_teller, is_told, unanswered
from tests.support.waiting import eventually

THREE_DAYS_S = 3 * 86_400
LATE = ["captured", "refunded"]


async def test_an_event_settles_a_charge_without_any_timer(
    service: Payments, provider: FakeProvider, teller: Teller
) -> None:
    done = await unanswered(service, provider)
    answer = await teller.tell_of(done)
    await is_told(service, "captured")

    assert (answer.status_code, answer.json()["outcome"]) == (200, "asked")
    assert await service.ledger("ord_1") == [("charge", 1530, "GBP")]
    assert await service.open_rows() == 0, "nobody needs to ask any more"
    assert provider.inquiries == [done.key]
    assert await service.broken_promises() == {}


async def test_an_event_comes_before_our_own_answer_is_recorded(
    service: Payments, provider: FakeProvider, teller: Teller
) -> None:
    async def tells_first(provider: FakeProvider, charge: Charge) -> ChargeAnswer:
        provider.capture(charge)
        assert (await teller.tell_of(provider.book[0])).status_code == 200
        await eventually(lambda: _settled(service), "settled during the call", 5)
        return Unknown("TimeoutError")

    provider.charge_script = [tells_first]
    await service.receive(placed())
    await service.work()

    assert await service.types("ord_1") == ["captured"]
    assert await service.open_rows() == 0
    assert len(provider.charge_calls) == 1


async def _settled(service: Payments) -> bool:
    return (await service.charge("ord_1")).state == "succeeded"


async def test_an_answer_that_comes_right_after_its_event_spares_the_question(
    service: Payments, provider: FakeProvider, teller: Teller
) -> None:
    async def tells_and_answers(provider: FakeProvider, charge: Charge) -> ChargeAnswer:
        captured = provider.capture(charge)
        assert (await teller.tell_of(provider.book[0])).json()["outcome"] == "asked"
        return captured

    provider.charge_script = [tells_and_answers]
    await service.receive(placed())
    await service.work()

    assert await service.types("ord_1") == ["captured"]
    assert (await service.charge("ord_1")).next_sweep_at is None
    assert provider.inquiries == []


async def test_an_event_three_days_after_the_last_sweep_gives_the_money_back_once(
    service: Payments, provider: FakeProvider, teller: Teller
) -> None:
    provider.charge_script = [does.charges_late] * 4
    await service.receive(placed())
    await service.work()
    await service.receive(cancelled())
    await service.live_on(30)
    assert await service.types("ord_1") == ["voided"]
    service.travel(THREE_DAYS_S)
    await service.live_on(5)
    provider.arrive()

    async with a_teller(service) as later:
        await later.tell_of(provider.book[0])
        await is_told(service, "voided", *LATE)
        service.travel(THREE_DAYS_S)
    async with a_teller(service) as later:
        assert (await later.tell_of(provider.book[0])).status_code == 200
        await later.tell_of(provider.book[0], event_id="msg_again")

    assert provider.balance_minor("ord_1") == 0
    assert await service.types("ord_1") == ["voided", *LATE]
    assert await service.broken_promises() == {}


async def test_an_event_settles_a_refund(
    service: Payments, provider: FakeProvider, teller: Teller
) -> None:
    provider.refund_script = [does.refunds_without_answer]
    await service.receive(placed())
    await service.work()
    await service.receive(cancelled())
    await service.work()
    assert await service.types("ord_1") == ["captured"]
    await teller.tell_of(provider.book[1])
    await is_told(service, *LATE)

    assert await service.open_rows() == 0
    assert len(provider.refund_calls) == 1
    assert await service.broken_promises() == {}


async def test_a_refund_told_before_its_capture_changes_nothing_in_the_outcome(
    service: Payments, provider: FakeProvider, teller: Teller
) -> None:
    """The answers to both were lost; the events come in the wrong order."""
    provider.refund_script = [does.refunds_without_answer]
    await unanswered(service, provider)
    await service.receive(cancelled())
    await service.live_on(1)
    capture, refund = provider.book

    for one in (refund, capture, refund, capture):
        assert (await teller.tell_of(one)).status_code == 200
    await is_told(service, *LATE)

    assert provider.balance_minor("ord_1") == 0
    assert service.books_agree("ord_1", await service.ledger("ord_1"))


async def test_a_decline_is_told_of_an_order_whose_answer_was_lost(
    service: Payments, provider: FakeProvider, teller: Teller
) -> None:
    async def declines_in_silence(provider: FakeProvider, charge: Charge) -> ChargeAnswer:
        await does.declines(provider, charge)
        return Unknown("TimeoutError")

    provider.charge_script = [declines_in_silence]
    await service.receive(placed())
    await service.work()
    key = provider.charge_calls[0].key
    await teller.tell("charge.declined", key=key)
    await is_told(service, "declined")


async def test_an_event_is_not_believed_but_asked_about(
    service: Payments, provider: FakeProvider, teller: Teller
) -> None:
    """Whoever gets hold of the secret can make us ask, and no more."""
    provider.charge_script = [does.does_nothing_and_never_answers]
    await service.receive(placed())
    await service.work()
    key = provider.charge_calls[0].key
    await teller.tell("charge.captured", key=key)

    async def asked() -> bool:
        return provider.inquiries == [key]

    await eventually(asked, "asked", 5)
    await eventually(lambda: _out_of_sweep(service), "the answer noted", 5)
    assert await service.types("ord_1") == []
    assert await service.ledger("ord_1") == []
    assert (await service.charge("ord_1")).state == "open"


async def _out_of_sweep(service: Payments) -> bool:
    return (await service.charge("ord_1")).next_sweep_at is None


async def test_the_amount_is_what_the_provider_answers(
    service: Payments, provider: FakeProvider, teller: Teller
) -> None:
    async def takes_too_much(provider: FakeProvider, charge: Charge) -> ChargeAnswer:
        provider.capture(charge, Money(1630, "GBP"))
        return Unknown("TimeoutError")

    provider.charge_script = [takes_too_much]
    await service.receive(placed())
    await service.work()
    await teller.tell_of(provider.book[0])
    await is_told(service, "declined", "refunded")

    assert provider.balance_minor("ord_1") == 0


async def test_an_event_about_a_key_of_others_is_kept_for_the_comparison(
    service: Payments, teller: Teller
) -> None:
    answer = await teller.tell("charge.captured", key="k_of_others", order_id="ord_9")
    again = await teller.tell("charge.captured", key="k_of_others", order_id="ord_9")

    assert (answer.status_code, answer.json()["outcome"]) == (202, "unaccounted")
    assert (again.status_code, again.content) == (202, answer.content)
    (row,) = await teller.rows()
    assert (row["provider_key"], row["order_id"], row["outcome"]) == (
        "k_of_others",
        "ord_9",
        "unaccounted",
    )


@pytest.mark.parametrize("kind", ["charge.disputed", "charge.authorized", "payout.paid"])
async def test_a_kind_that_means_nothing_here_is_kept_and_ignored(
    service: Payments, teller: Teller, kind: str
) -> None:
    answer = await teller.send(b'{"type": "%s", "data": []}' % kind.encode(), "msg_1")

    assert (answer.status_code, answer.json()["outcome"]) == (200, "ignored")
    assert [one["type"] for one in await teller.rows()] == [kind]


async def test_an_id_that_comes_with_another_body_is_refused(
    service: Payments, teller: Teller
) -> None:
    await teller.tell("charge.captured", key="k_1", event_id="msg_1")
    other = await teller.tell("charge.captured", key="k_2", event_id="msg_1")

    assert (other.status_code, other.json()["type"]) == (422, "urn:problem:event-id-reused")
    assert [one["provider_key"] for one in await teller.rows()] == ["k_1"]


async def test_an_instance_that_dies_after_the_event_leaves_the_question_to_the_timer(
    service: Payments, provider: FakeProvider
) -> None:
    done = await unanswered(service, provider)
    provider.deaf = True
    async with a_teller(service) as teller:
        await teller.tell_of(done)
        await eventually(lambda: _asked(provider), "asked in vain", 5)
    provider.deaf = False
    service.travel(16)
    await service.live_on(1)

    assert await service.types("ord_1") == ["captured"]


async def _asked(provider: FakeProvider) -> bool:
    return bool(provider.inquiries)
