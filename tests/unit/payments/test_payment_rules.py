"""A payment's states, from every one of them."""

from dataclasses import replace

import pytest
from payments.domain.money import Money
from payments.domain.payment import (
    AlreadyDecided,
    AlreadyOpen,
    AlreadyPaid,
    Declined,
    IllegalTransition,
    NothingToRefund,
    Opened,
    OpenedTooLate,
    Paid,
    PaidLate,
    PaidWrong,
    Payment,
    RefundQueued,
    Voided,
    capture,
    close_uncharged,
    decline,
    end_order,
    open_payment,
    outcome_unknown,
    queue_refund,
    refund_done,
    refund_refused,
)

from tests.unit.payments.cases import DECIDE_BY, NOW, a_payment

ALL = (
    "none",
    "pending",
    "unknown",
    "captured",
    "captured_late",
    "refund_pending",
    "refunded",
    "voided",
    "declined",
)
WITH_MONEY = ("captured", "captured_late", "refund_pending", "refunded")
DECIDED = (*WITH_MONEY, "voided", "declined")
PRICE = Money(1530, "GBP")
ASKED = a_payment("none")


def test_an_order_opens_a_payment_and_its_charge() -> None:
    opened = open_payment(Payment("ord_1"), ASKED, NOW)

    assert isinstance(opened, Opened)
    assert opened.payment == replace(ASKED, status="pending")
    assert opened.charge.provider_key == "pay_1-charge-1"
    assert opened.charge.money == PRICE


def test_a_tombstone_opens_no_charge() -> None:
    tombstone = end_order(Payment("ord_1"), "order-cancelled").payment
    opened = open_payment(tombstone, ASKED, NOW)

    assert isinstance(opened, OpenedTooLate)
    assert (opened.payment.status, opened.payment.token) == ("voided", None)
    assert opened.payment.end_reason == "order-cancelled"


@pytest.mark.parametrize("status", [one for one in ALL if one != "none"])
def test_a_payment_is_opened_once(status: str) -> None:
    assert open_payment(a_payment(status), ASKED, NOW) == AlreadyOpen()


@pytest.mark.parametrize("status", ALL)
def test_an_end_forgets_the_token_and_owes_what_was_captured(status: str) -> None:
    ended = end_order(a_payment(status), "order-expired")

    assert ended.payment.end_reason == "order-expired"
    assert ended.payment.token is None
    owed = status in ("captured", "captured_late", "refund_pending")
    assert ended.refund_minor == (1530 if owed else 0)


def test_a_second_end_changes_nothing() -> None:
    ended = a_payment("captured", end_reason="order-expired")

    again = end_order(ended, "order-cancelled")

    assert (again.payment, again.refund_minor) == (ended, 0)


@pytest.mark.parametrize("status", ["pending", "unknown"])
def test_the_right_money_in_time_is_a_payment(status: str) -> None:
    paid = capture(a_payment(status), PRICE, "ch_1")

    assert isinstance(paid, Paid)
    assert (paid.payment.status, paid.payment.captured_minor) == ("captured", 1530)
    assert (paid.payment.charge_reference, paid.payment.token) == ("ch_1", None)


@pytest.mark.parametrize("taken", [Money(1529, "GBP"), Money(1531, "GBP"), Money(1530, "EUR")])
def test_other_money_is_no_payment(taken: Money) -> None:
    wrong = capture(a_payment("pending"), taken, "ch_1")

    assert isinstance(wrong, PaidWrong)
    assert (wrong.payment.status, wrong.payment.decline_reason) == (
        "refund_pending",
        "amount-mismatch",
    )
    assert Money(wrong.payment.refundable_minor, wrong.payment.captured_currency) == taken


@pytest.mark.parametrize("taken", [PRICE, Money(1630, "GBP")])
@pytest.mark.parametrize(
    "payment",
    [
        a_payment("pending", end_reason="order-expired"),
        a_payment("unknown", end_reason="order-expired"),
        a_payment("declined"),
        a_payment("voided", end_reason="order-expired"),
    ],
    ids=lambda one: one.status,
)
def test_money_nobody_expects_any_more_is_late(payment: Payment, taken: Money) -> None:
    late = capture(payment, taken, "ch_1")

    assert isinstance(late, PaidLate)
    assert late.payment.status == "captured_late"
    assert late.payment.refundable_minor == taken.minor


@pytest.mark.parametrize("status", WITH_MONEY)
def test_a_payment_takes_its_money_once(status: str) -> None:
    assert capture(a_payment(status), PRICE, "ch_1") == AlreadyPaid()


def test_a_charge_of_a_payment_that_was_never_opened_is_loud() -> None:
    with pytest.raises(IllegalTransition):
        capture(Payment("ord_1"), PRICE, "ch_1")
    with pytest.raises(IllegalTransition):
        _ = Payment("ord_1").window


@pytest.mark.parametrize("status", ["pending", "unknown"])
def test_a_refused_charge_is_declined(status: str) -> None:
    declined = decline(a_payment(status), "insufficient-funds")

    assert isinstance(declined, Declined)
    assert (declined.payment.status, declined.payment.token) == ("declined", None)
    assert declined.payment.decline_reason == declined.reason == "insufficient-funds"


@pytest.mark.parametrize("status", DECIDED)
def test_a_decision_is_made_once(status: str) -> None:
    assert decline(a_payment(status), "declined") == AlreadyDecided()
    assert close_uncharged(a_payment(status), "deadline-passed") == AlreadyDecided()


def test_an_uncharged_payment_is_voided_when_its_order_ended_and_declined_otherwise() -> None:
    voided = close_uncharged(a_payment(end_reason="order-expired"), "provider-unreachable")
    declined = close_uncharged(a_payment(), "provider-unreachable")

    assert isinstance(voided, Voided)
    assert (voided.payment.status, voided.payment.token) == ("voided", None)
    assert isinstance(declined, Declined)
    assert declined.reason == "provider-unreachable"


@pytest.mark.parametrize("status", ALL)
def test_only_a_pending_payment_becomes_unknown(status: str) -> None:
    expected = "unknown" if status == "pending" else status

    assert outcome_unknown(a_payment(status)).status == expected


@pytest.mark.parametrize(("asked", "fixed"), [(1, 1), (1529, 1529), (1530, 1530), (1531, 1530)])
def test_a_refund_is_at_most_what_was_captured(asked: int, fixed: int) -> None:
    queued = queue_refund(a_payment("captured"), asked, "damaged", NOW)

    assert isinstance(queued, RefundQueued)
    assert queued.refund.amount_minor == queued.payment.refund_queued_minor == fixed
    assert queued.payment.status == "refund_pending"


def test_what_was_taken_in_another_currency_goes_back_in_that() -> None:
    wrong = capture(a_payment("pending"), Money(1530, "EUR"), "ch_1")
    assert isinstance(wrong, PaidWrong)

    queued = queue_refund(wrong.payment, 1530, "amount-mismatch", NOW)

    assert isinstance(queued, RefundQueued)
    assert queued.refund.money == Money(1530, "EUR")


def test_a_refund_counts_what_is_given_back_and_what_is_queued() -> None:
    payment = a_payment("captured", refunded_minor=500, refund_queued_minor=1000, refunds=2)

    queued = queue_refund(payment, 1530, "order-cancelled", NOW)

    assert isinstance(queued, RefundQueued)
    assert queued.refund.amount_minor == 30
    assert queued.refund.provider_key == "pay_1-refund-3"
    assert queue_refund(queued.payment, 1, "order-cancelled", NOW) == NothingToRefund()


@pytest.mark.parametrize("status", ["none", "pending", "unknown", "voided", "declined"])
def test_nothing_is_given_back_of_nothing(status: str) -> None:
    assert queue_refund(a_payment(status), 1, "damaged", NOW) == NothingToRefund()


def test_a_late_capture_stays_one_until_it_is_given_back() -> None:
    late = capture(a_payment("voided"), PRICE, "ch_1")
    assert isinstance(late, PaidLate)
    queued = queue_refund(late.payment, 1530, "late-capture", NOW)
    assert isinstance(queued, RefundQueued)

    assert queued.payment.status == "captured_late"
    assert refund_done(queued.payment, 1530).status == "refunded"
    assert refund_refused(queued.payment, 1530).status == "captured_late"


def test_a_payment_is_refunded_when_nothing_is_left() -> None:
    payment = a_payment("refund_pending", refund_queued_minor=1530)

    part = refund_done(payment, 1529)
    assert (part.status, part.refund_queued_minor) == ("refund_pending", 1)
    assert refund_done(part, 1).status == "refunded"


def test_after_a_partial_refund_a_living_order_is_paid_again() -> None:
    payment = a_payment("refund_pending", refund_queued_minor=30)

    assert refund_done(payment, 30).status == "captured"
    assert refund_refused(payment, 30).status == "captured"


@pytest.mark.parametrize(
    "changes", [{"end_reason": "order-cancelled"}, {"decline_reason": "amount-mismatch"}]
)
def test_money_that_should_not_be_kept_shows_as_owed(changes: dict[str, str]) -> None:
    payment = a_payment("refund_pending", refund_queued_minor=1530, **changes)

    refused = refund_refused(payment, 1530)

    assert (refused.status, refused.refundable_minor) == ("refund_pending", 1530)


def test_a_payment_shows_its_token_to_nobody() -> None:
    assert "tok_secret_canary" not in repr(a_payment())
    assert a_payment().window.decide_by == DECIDE_BY
