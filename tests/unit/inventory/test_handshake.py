"""What merchant and partner may say to each other, and when."""

from typing import Any, get_args

import pytest
from inventory.domain.handshake import (
    CancellationAnswer,
    PartnerAsked,
    accept,
    answer_cancellation,
    ask_to_cancel,
    reject,
    request,
)
from inventory.domain.order import (
    AlreadyDispatched,
    CancellationStatus,
    Changed,
    FulfilmentStatus,
    Illegal,
    IllegalTransition,
    OrderHolds,
    Repeated,
    RequestStatus,
    dispatched,
)

ANSWERS: tuple[CancellationAnswer, ...] = get_args(CancellationAnswer)
REQUESTS: tuple[RequestStatus, ...] = get_args(RequestStatus)
DISPATCHED: tuple[FulfilmentStatus, ...] = ("partially_shipped", "shipped", "delivered")
CLOSED: tuple[FulfilmentStatus, ...] = (*DISPATCHED, "cancelled")


def order(
    requested: RequestStatus = "unsubmitted",
    fulfilment: FulfilmentStatus = "open",
    cancellation: CancellationStatus = "none",
) -> OrderHolds:
    return OrderHolds(
        "ord_1",
        status="held",
        fulfilment_order_id="ffo_1",
        fulfilment_status=fulfilment,
        request_status=requested,
        cancellation_status=cancellation,
    )


@pytest.mark.parametrize("before", REQUESTS)
def test_each_word_has_its_place(before: RequestStatus) -> None:
    """While nothing has left; the table has what request, accept and reject come to."""
    requested, illegal = Changed(order("requested")), Illegal(before)
    table: dict[RequestStatus, tuple[Any, Any, Any]] = {
        "unsubmitted": (requested, illegal, illegal),
        "requested": (Repeated(), Changed(order("accepted")), Changed(order("rejected"))),
        "accepted": (illegal, Repeated(), illegal),
        "rejected": (requested, illegal, Repeated()),
    }

    assert tuple(said(order(before)) for said in (request, accept, reject)) == table[before]


@pytest.mark.parametrize("fulfilment", CLOSED)
def test_nothing_new_is_said_once_goods_left_or_it_is_cancelled(
    fulfilment: FulfilmentStatus,
) -> None:
    assert request(order("unsubmitted", fulfilment)) == Illegal(fulfilment)
    assert request(order("rejected", fulfilment)) == Illegal(fulfilment)
    assert accept(order("requested", fulfilment)) == Illegal(fulfilment)
    assert reject(order("requested", fulfilment)) == Illegal(fulfilment)


@pytest.mark.parametrize("fulfilment", CLOSED)
def test_what_was_said_may_be_said_again_at_any_time(fulfilment: FulfilmentStatus) -> None:
    assert request(order("requested", fulfilment)) == Repeated()
    assert accept(order("accepted", fulfilment)) == Repeated()
    assert reject(order("rejected", fulfilment)) == Repeated()


@pytest.mark.parametrize("before", [one for one in REQUESTS if one != "accepted"])
def test_without_a_partner_who_accepted_it_is_cancelled_at_once(before: RequestStatus) -> None:
    assert ask_to_cancel(order(before)) == Changed(order(before, "cancelled"))


def test_a_partner_who_accepted_is_asked_once() -> None:
    asked = ask_to_cancel(order("accepted"))

    assert asked == PartnerAsked(order("accepted", "open", "requested"))
    assert ask_to_cancel(order("accepted", "open", "requested")) == Repeated()


def test_after_a_refusal_the_partner_may_be_asked_again() -> None:
    asked = ask_to_cancel(order("accepted", "open", "refused"))

    assert asked == PartnerAsked(order("accepted", "open", "requested"))


@pytest.mark.parametrize("fulfilment", DISPATCHED)
def test_nobody_is_asked_once_goods_have_left(fulfilment: FulfilmentStatus) -> None:
    assert ask_to_cancel(order("accepted", fulfilment)) == AlreadyDispatched()


def test_a_cancelled_order_is_cancelled_whoever_did_it() -> None:
    assert ask_to_cancel(order("accepted", "cancelled", "accepted")) == Repeated()


def test_there_is_nobody_to_ask_before_confirmation() -> None:
    with pytest.raises(IllegalTransition):
        ask_to_cancel(order("unsubmitted", "none"))


def test_the_partner_cancels_or_does_not() -> None:
    asked = order("accepted", "open", "requested")

    cancelled = Changed(order("accepted", "cancelled", "accepted"))
    assert answer_cancellation(asked, "accepted") == cancelled
    refused = Changed(order("accepted", "open", "refused"))
    assert answer_cancellation(asked, "refused") == refused


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_may_be_given_again_but_not_changed(answer: CancellationAnswer) -> None:
    (other,) = {*ANSWERS} - {answer}
    fulfilment: FulfilmentStatus = "cancelled" if answer == "accepted" else "open"
    answered = order("accepted", fulfilment, answer)

    assert answer_cancellation(answered, answer) == Repeated()
    assert answer_cancellation(answered, other) == Illegal(answer)


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("fulfilment", ["open", *CLOSED])
def test_nobody_answers_who_was_not_asked(
    fulfilment: FulfilmentStatus, answer: CancellationAnswer
) -> None:
    assert answer_cancellation(order("accepted", fulfilment), answer) == Illegal("none")


@pytest.mark.parametrize("answer", ANSWERS)
def test_what_ended_otherwise_needs_no_answer(answer: CancellationAnswer) -> None:
    ended = order("accepted", "cancelled", "requested")

    assert answer_cancellation(ended, answer) == Illegal("cancelled")


@pytest.mark.parametrize("complete", [True, False])
def test_a_dispatch_refuses_what_the_partner_was_asked(complete: bool) -> None:
    sent = dispatched(order("accepted", "open", "requested"), complete=complete)

    assert sent.cancellation_status == "refused"
    assert answer_cancellation(sent, "refused") == Repeated()
    assert answer_cancellation(sent, "accepted") == Illegal("refused")


@pytest.mark.parametrize("before", ["none", "refused"])
def test_a_dispatch_answers_nothing_that_nobody_asked(before: CancellationStatus) -> None:
    sent = dispatched(order("accepted", "open", before), complete=True)

    assert sent.cancellation_status == before


@pytest.mark.parametrize("fulfilment", DISPATCHED)
def test_what_an_older_release_sent_unanswered_can_only_be_refused(
    fulfilment: FulfilmentStatus,
) -> None:
    sent = order("accepted", fulfilment, "requested")

    assert answer_cancellation(sent, "accepted") == Illegal(fulfilment)
    assert answer_cancellation(sent, "refused") == Changed(order("accepted", fulfilment, "refused"))
