"""Charges: what a decision or an answer of the provider means for the payment."""

from typing import assert_never

import structlog
from shared.contracts.payments import DeclineReason

from payments import facts
from payments.calls.desk import Ask, Call, Case, Done, Later, Step
from payments.domain import ledger
from payments.domain.attempts import (
    AskFirst,
    CallNow,
    CloseNotMade,
    NothingToDo,
    Obstacle,
    Wait,
    charge_not_found,
    closed_not_made,
    refused,
    succeeded,
    sweep_now,
    take_up_charge,
)
from payments.domain.payment import (
    AlreadyDecided,
    AlreadyPaid,
    Declined,
    Paid,
    PaidLate,
    PaidWrong,
    Payment,
    Voided,
    capture,
    close_uncharged,
    decline,
    outcome_unknown,
)
from payments.provider import Captured, Charge, ChargeAnswer, NotFound, Unknown
from payments.provider import Declined as ProviderDeclined
from payments.store import Sweep
from payments.unit_of_work import PaymentsWork

log = structlog.get_logger(__name__)


def take_up(case: Case) -> Step:
    """A charge's row was leased -> call, ask first, or close it without a call."""
    match take_up_charge(case.attempt, case.payment.window, case.now, case.limits):
        case CallNow() as start:
            return _start(case, start)
        case AskFirst():
            return Ask(case.attempt.provider_key)
        case CloseNotMade(obstacle):
            return _close(case, obstacle)
        case NothingToDo():
            return Done()


def answered(case: Case, answer: ChargeAnswer) -> Step:
    """The provider has answered a call or an inquiry -> an outcome, another call, or later."""
    match answer:
        case Captured():
            settle_capture(case, answer)
            return Done()
        case ProviderDeclined():
            settle_decline(case, answer)
            return Done()
        case NotFound():
            return _not_found(case)
        case Unknown(why):
            return _unknown(case, why)
        case _:
            assert_never(answer)


def settle_capture(case: Case, found: Captured) -> None:
    """Money was taken -> PaymentCaptured | PaymentDeclined, and a refund unless it was right."""
    if case.payment.price != found.money:
        log.error("amount-mismatch", order_id=case.key.order_id, key=case.attempt.provider_key)
    match capture(case.payment, found.money, found.reference):
        case Paid(payment):
            _book(case, payment, found)
            case.work.publish(facts.captured(payment, late=False))
        case PaidLate(payment):
            _book(case, payment, found)
            give_back_late(case.work, payment)
        case PaidWrong(payment):
            _book(case, payment, found)
            case.work.publish(facts.declined(payment, "amount-mismatch"))
            case.work.ask_refund(payment, payment.captured_minor, "amount-mismatch")
        case AlreadyPaid():
            _note_again(case, found)


def give_back_late(work: PaymentsWork, paid: Payment) -> None:
    """Money pays for nothing any more -> PaymentCaptured, and a refund of all of it."""
    work.publish(facts.captured(paid, late=True))
    work.ask_refund(paid, paid.captured_minor, "late-capture")


def settle_decline(case: Case, answer: ProviderDeclined) -> None:
    """The provider has refused -> PaymentDeclined, unless the payment was decided before."""
    if case.attempt.state == "open":
        case.work.keep(case.payment, refused(case.attempt, answer.reference))
    match decline(case.payment, answer.reason):
        case Declined(payment, reason):
            _decide(case, payment)
            case.work.publish(facts.declined(payment, reason))
        case AlreadyDecided():
            pass


def lease_lost(case: Case) -> None:
    """A call was made and its lease is gone -> nothing is recorded, but somebody must look."""
    case.work.keep(case.payment, sweep_now(case.attempt, case.now))


def swept(case: Case, sweep: Sweep, answer: ChargeAnswer) -> None:
    """A sweep has asked -> a late charge is given back, or the next sweep is set."""
    match answer:
        case Captured():
            settle_capture(case, answer)
        case ProviderDeclined():
            settle_decline(case, answer)
        case NotFound():
            pass
        case Unknown():
            return
        case _:
            assert_never(answer)
    case.out_of_sweep(sweep)


def _start(case: Case, start: CallNow) -> Call:
    payment = case.payment
    assert payment.token is not None, "the token stays until no call may be started"
    case.work.keep(payment, start.attempt)
    key = start.attempt.provider_key
    return Call(Charge(key, payment.order_id, start.attempt.money, payment.token))


def _not_found(case: Case) -> Step:
    case.work.keep(outcome_unknown(case.payment), case.attempt)
    match charge_not_found(case.attempt, case.payment.window, case.now, case.limits):
        case CallNow() as start:
            return _start(case, start)
        case Wait(attempt, until):
            case.work.keep(case.payment, attempt)
            return Later(until, "not-found")
        case CloseNotMade(obstacle):
            return _close(case, obstacle)
        case NothingToDo():
            return Done()


def _unknown(case: Case, why: str) -> Step:
    if case.attempt.state != "open":
        return Done()
    case.work.keep(outcome_unknown(case.payment), case.attempt)
    return Later(case.now + case.limits.backoff(case.tries), why)


def _close(case: Case, obstacle: Obstacle | None) -> Done:
    """No charge was made -> PaymentVoided | PaymentDeclined."""
    case.work.keep(case.payment, closed_not_made(case.attempt, case.now, case.limits))
    reason: DeclineReason = (
        "deadline-passed" if obstacle == "deadline-passed" else "provider-unreachable"
    )
    match close_uncharged(case.payment, reason):
        case Voided(payment):
            _decide(case, payment)
            case.work.publish(facts.voided(payment))
        case Declined(payment, why):
            _decide(case, payment)
            case.work.publish(facts.declined(payment, why))
        case AlreadyDecided():
            pass
    return Done(obstacle)


def _book(case: Case, payment: Payment, found: Captured) -> None:
    case.work.book(ledger.entries(case.attempt, found.money, found.reference))
    case.work.keep(payment, succeeded(case.attempt, found.reference))


def _decide(case: Case, payment: Payment) -> None:
    case.work.rows[payment.order_id] = payment


def _note_again(case: Case, found: Captured) -> None:
    """The same charge is old news; another one under our key is money we cannot account for."""
    known = case.payment.charge_reference
    if found.reference != known:
        log.error("charged-twice", order_id=case.key.order_id, known=known, found=found.reference)
