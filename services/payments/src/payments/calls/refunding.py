"""Refunds: repeated under their key until the provider has answered for good."""

from typing import assert_never

import structlog

from payments import facts
from payments.calls.desk import Ask, Call, Case, Done, Later, Step
from payments.domain import ledger
from payments.domain.attempts import (
    AskFirst,
    CallNow,
    CloseNotMade,
    NothingToDo,
    Wait,
    refund_not_found,
    refused,
    succeeded,
    take_up_refund,
)
from payments.domain.payment import refund_done, refund_refused
from payments.provider import NotFound, Refund, RefundAnswer, Refunded, RefundRefused, Unknown
from payments.store import Sweep

log = structlog.get_logger(__name__)


def take_up(case: Case) -> Step:
    """A refund's row was leased -> call, or ask first when somebody may have called."""
    match take_up_refund(case.attempt, case.now):
        case CallNow() as start:
            return _start(case, start)
        case AskFirst():
            return Ask(case.attempt.provider_key)
        case CloseNotMade() | NothingToDo():
            return Done()


def answered(case: Case, answer: RefundAnswer) -> Step:
    """The provider has answered a call or an inquiry -> PaymentRefunded, another call, or later."""
    if case.attempt.state != "open":
        return Done()
    match answer:
        case Refunded() if answer.money == case.attempt.money:
            return _settle(case, answer)
        case Refunded():
            log.error("refund-mismatch", order_id=case.key.order_id)
            return _later(case, "refund-mismatch")
        case RefundRefused(reason):
            return _refuse(case, reason)
        case NotFound():
            return _not_found(case)
        case Unknown(why):
            return _later(case, why)
        case _:
            assert_never(answer)


def swept(case: Case, sweep: Sweep, answer: RefundAnswer) -> None:
    """A sweep has asked -> PaymentRefunded, or the refund's own row goes on with it."""
    case.out_of_sweep(sweep)
    if case.attempt.state == "open" and not isinstance(answer, NotFound | Unknown):
        answered(case, answer)


def _start(case: Case, start: CallNow) -> Call:
    reference = case.payment.charge_reference
    assert reference is not None, "a refund is queued only of what was captured"
    case.work.keep(case.payment, start.attempt)
    return Call(Refund(start.attempt.provider_key, reference, start.attempt.money))


def _settle(case: Case, done: Refunded) -> Done:
    refund = case.attempt
    payment = refund_done(case.payment, refund.amount_minor)
    case.work.book(ledger.entries(refund, done.money, done.reference))
    case.work.keep(payment, succeeded(refund, done.reference))
    case.work.publish(facts.refunded(payment, refund))
    return Done()


def _refuse(case: Case, reason: str) -> Done:
    """Somebody must look: the money is still owed, and the payment shows it."""
    log.error("refund-refused", order_id=case.key.order_id, reason=reason)
    payment = refund_refused(case.payment, case.attempt.amount_minor)
    case.work.keep(payment, refused(case.attempt, None))
    return Done(reason)


def _not_found(case: Case) -> Step:
    match refund_not_found(case.attempt, case.now, case.limits, case.tries):
        case CallNow() as start:
            return _start(case, start)
        case Wait(_, until):
            return Later(until, "not-found")
        case CloseNotMade() | NothingToDo():
            return Done()


def _later(case: Case, why: str) -> Later:
    return Later(case.now + case.limits.backoff(case.tries), why)
