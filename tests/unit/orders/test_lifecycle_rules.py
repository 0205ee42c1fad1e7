"""Where facts lead an order, in every order in which they may come."""

from typing import Any

import pytest
from orders.domain.order import ENDED, Payment, Status, Stock
from orders.domain.steps import Step
from shared.contracts.orders import (
    OrderCancelled,
    OrderConfirmed,
    OrderRefunded,
    OrderRejected,
)
from shared.contracts.payments import PaymentRefunded

from tests.unit.orders.cases import (
    CANCEL,
    DEADLINE,
    RELEASED,
    RESERVED,
    TOTAL,
    VOIDED,
    after,
    an_order,
    captured,
    declined,
    refunded,
    short,
    take,
    told,
)

BOTH_ORDERS = [False, True]


def answers(*facts: Any, turned: bool) -> tuple[Any, ...]:
    return facts[::-1] if turned else facts


# Both answers decide, whichever comes first.


@pytest.mark.parametrize("turned", BOTH_ORDERS)
def test_paid_and_held_is_confirmed(turned: bool) -> None:
    first, second = answers(captured(), RESERVED, turned=turned)
    waiting = take(an_order(), first)
    assert (waiting.order.status, waiting.events) == (Status.PENDING, ())

    step = take(waiting.order, second)

    assert step.order.status == Status.CONFIRMED
    assert (step.order.payment, step.order.stock) == (Payment.CAPTURED, Stock.RESERVED)
    [event] = step.events
    assert isinstance(event, OrderConfirmed)
    assert (event.total_minor, event.currency) == (TOTAL, "GBP")
    assert event.client_reference == "web-1001"


@pytest.mark.parametrize("turned", BOTH_ORDERS)
@pytest.mark.parametrize(
    ("payment", "stock", "reasons"),
    [
        (declined(), RESERVED, {"payment-declined"}),
        (declined("insufficient-funds"), RESERVED, {"payment-declined"}),
        (declined("amount-mismatch"), RESERVED, {"payment-declined"}),
        (declined("provider-unreachable"), RESERVED, {"payment-declined"}),
        (declined("deadline-passed"), RESERVED, {"deadline-passed"}),
        (captured(), short(), {"out-of-stock"}),
        (captured(), short("deadline-passed"), {"deadline-passed"}),
        (declined(), short(), {"payment-declined", "out-of-stock"}),
        (declined("deadline-passed"), short("deadline-passed"), {"deadline-passed"}),
    ],
)
def test_a_rejection_comes_with_the_second_answer_and_names_every_reason_once(
    payment: Any, stock: Any, reasons: set[str], turned: bool
) -> None:
    first, second = answers(payment, stock, turned=turned)
    waiting = take(an_order(), first)
    assert (waiting.order.status, waiting.events) == (Status.PENDING, ())

    step = take(waiting.order, second)

    [event] = step.events
    assert isinstance(event, OrderRejected)
    assert step.order.status == Status.REJECTED
    assert set(event.reasons) == reasons
    assert len(event.reasons) == len(reasons)
    assert step.order.reasons == ",".join(event.reasons)


@pytest.mark.parametrize("turned", BOTH_ORDERS)
def test_a_rejected_order_that_was_paid_owes_the_money(turned: bool) -> None:
    rejected = after(*answers(captured(), short(), turned=turned))
    assert rejected.payment == Payment.REFUND_PENDING
    assert after(refunded(), order=rejected).payment == Payment.REFUNDED


@pytest.mark.parametrize("turned", BOTH_ORDERS)
def test_a_charge_that_was_thought_not_made_never_confirms(turned: bool) -> None:
    """The decline was told; when the money is found after it, it goes back."""
    found = after(declined("provider-unreachable"), captured(late=True))
    assert (found.status, found.payment) == (Status.PENDING, Payment.REFUND_PENDING)

    for facts in ((refunded(), RESERVED), (RESERVED, refunded())):
        ended = after(*facts, order=found)
        assert (ended.status, ended.payment) == (Status.REJECTED, Payment.REFUNDED)
        assert ended.reasons == "payment-declined"


def test_money_given_back_before_the_decision_rejects_with_a_reason() -> None:
    """Somebody refunds a captured payment while inventory has not answered yet."""
    pending = after(captured(), refunded())
    assert pending.status == Status.PENDING

    step = take(pending, RESERVED)

    assert step.order.status == Status.REJECTED
    [event] = step.events
    assert isinstance(event, OrderRejected)
    assert event.reasons == ("payment-declined",)


def test_a_part_given_back_before_the_decision_leaves_the_order_paid() -> None:
    assert after(captured(), refunded(1), RESERVED).status == Status.CONFIRMED


# The clock and the customer end what is pending.


@pytest.mark.parametrize("known", [(), (captured(),), (RESERVED,)])
def test_an_undecided_order_expires_at_its_deadline(known: tuple[Any, ...]) -> None:
    step = take(after(*known), DEADLINE)
    assert step.order.status == Status.EXPIRED
    assert [type(event).__name__ for event in step.events] == ["OrderExpired"]
    assert step.order.payment != Payment.CAPTURED


@pytest.mark.parametrize(
    ("known", "reasons"),
    [
        (declined(), "payment-declined,deadline-passed"),
        (short(), "out-of-stock,deadline-passed"),
        (short("deadline-passed"), "deadline-passed"),
    ],
)
def test_at_the_deadline_a_known_refusal_is_the_better_reason(known: Any, reasons: str) -> None:
    step = take(after(known), DEADLINE)
    assert (step.order.status, step.order.reasons) == (Status.REJECTED, reasons)
    assert [type(event).__name__ for event in step.events] == ["OrderRejected"]


@pytest.mark.parametrize("status", [one for one in Status if one != Status.PENDING])
def test_the_deadline_changes_nothing_once_decided(status: Status) -> None:
    order = an_order(status)
    assert take(order, DEADLINE) == Step(order)


@pytest.mark.parametrize("known", [(), (captured(),), (RESERVED,), (declined(),), (short(),)])
def test_a_pending_order_is_cancelled_at_once(known: tuple[Any, ...]) -> None:
    step = take(after(*known), CANCEL)
    assert (step.order.status, step.order.cancel_reason) == (Status.CANCELLED, "customer")
    [event] = step.events
    assert isinstance(event, OrderCancelled)
    assert event.reason == "customer"
    assert step.order.payment != Payment.CAPTURED


# After the end answers are only noted.


@pytest.mark.parametrize("status", sorted(ENDED))
@pytest.mark.parametrize(
    ("facts", "payment"),
    [
        ((captured(late=True),), Payment.REFUND_PENDING),
        ((captured(),), Payment.REFUND_PENDING),
        ((captured(late=True), refunded()), Payment.REFUNDED),
        ((captured(late=True), refunded(1)), Payment.REFUND_PENDING),
        ((captured(late=True), refunded(1), refunded(TOTAL - 1, TOTAL)), Payment.REFUNDED),
        (
            (captured(late=True), refunded(TOTAL - 100, captured_minor=TOTAL - 100)),
            Payment.REFUNDED,
        ),
        (
            (captured(late=True), refunded(TOTAL, captured_minor=TOTAL + 100)),
            Payment.REFUND_PENDING,
        ),
        ((VOIDED,), Payment.VOIDED),
        ((VOIDED, captured(late=True), refunded()), Payment.REFUNDED),
        ((declined(),), Payment.DECLINED),
        ((declined("amount-mismatch"), refunded(TOTAL + 100)), Payment.DECLINED),
        ((declined(), captured(late=True), refunded()), Payment.REFUNDED),
    ],
)
def test_money_after_the_end_is_on_its_way_back_and_only_refunds_are_told(
    status: Status, facts: tuple[Any, ...], payment: Payment
) -> None:
    order = an_order(status, payment=Payment.PENDING)
    refunds = [fact for fact in facts if isinstance(fact, PaymentRefunded)]
    assert told(order, *facts) == ["OrderRefunded"] * len(refunds)
    ended = after(*facts, order=order)
    assert (ended.status, ended.payment) == (status, payment)


@pytest.mark.parametrize("status", sorted(Status))
def test_every_refund_is_told_with_its_amount_and_the_sum(status: Status) -> None:
    (event,) = take(an_order(status), refunded(500, 1_000)).events

    assert event == OrderRefunded(
        order_id="ord_1",
        client_reference="web-1001",
        amount_minor=500,
        refunded_total_minor=1_000,
        currency="GBP",
        reason="order-cancelled",
    )


def test_an_order_refunded_before_it_was_decided_is_rejected_first_and_then_refunded() -> None:

    pending = an_order(payment=Payment.CAPTURED, stock=Stock.RESERVED)
    assert told(pending, refunded()) == ["OrderRejected", "OrderRefunded"]


@pytest.mark.parametrize("status", sorted(ENDED))
@pytest.mark.parametrize(
    ("facts", "stock"),
    [
        ((RESERVED,), Stock.RESERVED),
        ((RESERVED, RELEASED), Stock.RELEASED),
        ((short(),), Stock.REJECTED),
    ],
)
def test_stock_after_the_end_is_noted_and_nothing_is_told(
    status: Status, facts: tuple[Any, ...], stock: Stock
) -> None:
    order = an_order(status)
    assert told(order, *facts) == []
    ended = after(*facts, order=order)
    assert (ended.status, ended.stock) == (status, stock)


@pytest.mark.parametrize("status", sorted(ENDED))
@pytest.mark.parametrize("fact", [captured(late=True), VOIDED, declined(), RELEASED, short()])
def test_an_answer_repeated_after_the_end_is_no_second_change(status: Status, fact: Any) -> None:
    once = after(fact, order=an_order(status, payment=Payment.PENDING))
    assert take(once, fact).order is once


@pytest.mark.parametrize("fact", [declined(), RESERVED, short()])
def test_an_answer_repeated_while_pending_is_no_second_change(fact: Any) -> None:
    once = after(fact)
    assert take(once, fact).order is once
