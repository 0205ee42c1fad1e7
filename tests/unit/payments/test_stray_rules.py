"""What the provider's list has and our ledger has not: who is asked, and what goes back."""

from dataclasses import replace

import pytest
from payments.domain.attempts import Attempt, Operation, State
from payments.domain.money import Money
from payments.domain.payment import Payment
from payments.domain.strays import (
    AskAgain,
    ForPeople,
    Judgement,
    Movement,
    TakeBeside,
    TakeLate,
    Undecided,
    judge,
    stray_charge,
    stray_refund,
)

from tests.unit.payments.cases import NOW, a_payment


def listed(operation: Operation = "charge", charge: str = "ch_2") -> Movement:
    return Movement("op_2", operation, "k", "ord_1", charge, Money(70, "USD"), NOW)


def made(state: State, operation: Operation = "charge", reference: str | None = None) -> Attempt:
    return Attempt(
        "ord_1", operation, 1, "k", 70, "GBP", NOW, state=state, provider_reference=reference
    )


@pytest.mark.parametrize("status", ["declined", "voided"])
def test_a_payment_closed_without_money_takes_it_late(status: str) -> None:
    assert judge(listed(), a_payment(status), None) == TakeLate()


@pytest.mark.parametrize("status", ["captured", "captured_late", "refund_pending", "refunded"])
@pytest.mark.parametrize("known", [None, made("succeeded", reference="ch_1"), made("not_made")])
def test_a_payment_with_its_money_takes_it_beside(status: str, known: Attempt | None) -> None:
    assert judge(listed(), a_payment(status), known) == TakeBeside()


@pytest.mark.parametrize("status", ["pending", "unknown"])
def test_a_payment_that_is_undecided_is_left_to_the_next_time(status: str) -> None:
    assert judge(listed(), a_payment(status), None) == Undecided()


@pytest.mark.parametrize(
    ("payment", "movement", "attempt"),
    [
        (a_payment("pending"), listed(), made("open")),
        (a_payment("declined"), listed(), made("not_made")),
        (a_payment("declined"), listed(), made("refused")),
        (a_payment("refund_pending"), listed("refund"), made("open", "refund")),
    ],
)
def test_what_was_made_under_a_key_of_ours_is_asked_about(
    payment: Payment, movement: Movement, attempt: Attempt
) -> None:
    assert judge(movement, payment, attempt) == AskAgain(attempt)


@pytest.mark.parametrize(
    ("payment", "movement", "attempt", "why"),
    [
        (None, listed(), None, "order-unknown"),
        (Payment("ord_1", end_reason="order-cancelled"), listed(), None, "order-unknown"),
        (a_payment("captured"), listed("refund"), None, "refund-unknown"),
        (a_payment("captured"), listed("refund"), made("refused", "refund"), "refund-unknown"),
        (a_payment("captured"), listed(), made("open", "refund"), "key-of-a-refund"),
        (
            a_payment("captured"),
            listed(charge="ch_1"),
            made("succeeded", reference="ch_1"),
            "amount-differs",
        ),
    ],
)
def test_what_no_rule_settles_is_for_people(
    payment: Payment | None, movement: Movement, attempt: Attempt | None, why: str
) -> None:
    judged: Judgement = judge(movement, payment, attempt)

    assert judged == ForPeople(why)


def test_all_of_a_charge_beside_goes_back_under_a_key_of_its_own() -> None:
    payment = replace(a_payment("captured"), refunds=2)
    charge = stray_charge(listed(), 2, NOW, beside=True)
    counted, refund = stray_refund(payment, charge, NOW)

    assert (charge.provider_key, charge.state, charge.money) == (
        "ch_2",
        "succeeded",
        Money(70, "USD"),
    )
    assert counted == replace(payment, refunds=3)
    assert (refund.provider_key, refund.money, refund.stray_charge) == (
        "pay_1-refund-3",
        Money(70, "USD"),
        "ch_2",
    )
    assert stray_charge(listed(), 2, NOW, beside=False).stray_charge is None
