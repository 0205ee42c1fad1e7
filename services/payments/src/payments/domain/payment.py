"""A payment's life: its row, its states and every rule that changes them."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, TypeAlias, assert_never

from shared.contracts.payments import DeclineReason
from shared.errors import Permanent

from payments.domain.attempts import Attempt, ChargeWindow
from payments.domain.money import Money

Status = Literal[
    "none",
    "pending",
    "unknown",
    "captured",
    "captured_late",
    "refund_pending",
    "refunded",
    "voided",
    "declined",
]


class IllegalTransition(Permanent):
    """The payment is in a state in which this cannot happen."""


@dataclass(frozen=True, slots=True)
class Payment:
    """An order's money. ``refund_queued_minor`` is asked for and not yet given back.

    ``end_reason`` is set once the order has ended; with status ``none`` that is a tombstone, and
    the order is never charged. What the provider took may differ from what it was asked for.
    ``traceparent`` is the trace context in which the payment was asked for.
    """

    order_id: str
    payment_id: str = ""
    tenant: str = "default"
    status: Status = "none"
    amount_minor: int = 0
    currency: str = ""
    captured_minor: int = 0
    captured_currency: str = ""
    charge_reference: str | None = None
    refunded_minor: int = 0
    refund_queued_minor: int = 0
    refunds: int = 0
    token: str | None = field(default=None, repr=False)
    decide_by: datetime | None = None
    end_reason: str | None = None
    decline_reason: DeclineReason | None = None
    opened_at: datetime | None = None
    traceparent: str = ""

    @property
    def price(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def refundable_minor(self) -> int:
        """Captured, and neither given back nor asked back."""
        return self.captured_minor - self.refunded_minor - self.refund_queued_minor

    @property
    def window(self) -> ChargeWindow:
        if self.decide_by is None:
            raise IllegalTransition(f"{self.order_id} was never opened")
        return ChargeWindow(self.end_reason is not None, self.decide_by)


@dataclass(frozen=True, slots=True)
class Opened:
    payment: Payment
    charge: Attempt


@dataclass(frozen=True, slots=True)
class OpenedTooLate:
    """The order had ended before it was heard of: it is never charged."""

    payment: Payment


@dataclass(frozen=True, slots=True)
class AlreadyOpen:
    pass


def open_payment(
    known: Payment, asked: Payment, now: datetime
) -> Opened | OpenedTooLate | AlreadyOpen:
    """``known`` is the order's row so far, ``asked`` the payment its order asks for."""
    if known.status != "none":
        return AlreadyOpen()
    if known.end_reason is not None:
        end = known.end_reason
        return OpenedTooLate(replace(asked, status="voided", end_reason=end, token=None))
    charge = Attempt(
        order_id=asked.order_id,
        operation="charge",
        number=1,
        provider_key=f"{asked.payment_id}-charge-1",
        amount_minor=asked.amount_minor,
        currency=asked.currency,
        created_at=now,
    )
    return Opened(replace(asked, status="pending"), charge)


@dataclass(frozen=True, slots=True)
class Ended:
    """``refund_minor`` is owed now; a charge under way is settled when its outcome is known."""

    payment: Payment
    refund_minor: int


def end_order(payment: Payment, reason: str) -> Ended:
    """The order was rejected, cancelled or expired: no call may be started from now on."""
    if payment.end_reason is not None:
        return Ended(payment, 0)
    ended = replace(payment, end_reason=reason, token=None)
    match payment.status:
        case "none" | "pending" | "unknown" | "voided" | "declined" | "refunded":
            return Ended(ended, 0)
        case "captured" | "captured_late" | "refund_pending":
            return Ended(ended, payment.refundable_minor)
        case _:
            assert_never(payment.status)


@dataclass(frozen=True, slots=True)
class Paid:
    payment: Payment


@dataclass(frozen=True, slots=True)
class PaidLate:
    """The order had ended, or the charge was thought not made: all of it goes back."""

    payment: Payment


@dataclass(frozen=True, slots=True)
class PaidWrong:
    """Another amount or currency than asked for: not paid, all of it goes back."""

    payment: Payment


@dataclass(frozen=True, slots=True)
class AlreadyPaid:
    """Another writer has recorded it."""


Capture: TypeAlias = Paid | PaidLate | PaidWrong | AlreadyPaid


def capture(payment: Payment, taken: Money, reference: str) -> Capture:
    """The provider has taken money: a payment takes it once, whatever was thought before."""
    held = replace(
        payment,
        captured_minor=taken.minor,
        captured_currency=taken.currency,
        charge_reference=reference,
        token=None,
    )
    match payment.status:
        case "pending" | "unknown" if payment.end_reason is None:
            if taken == payment.price:
                return Paid(replace(held, status="captured"))
            wrong: DeclineReason = "amount-mismatch"
            return PaidWrong(replace(held, status="refund_pending", decline_reason=wrong))
        case "pending" | "unknown" | "declined" | "voided":
            return PaidLate(replace(held, status="captured_late"))
        case "captured" | "captured_late" | "refund_pending" | "refunded":
            return AlreadyPaid()
        case "none":
            raise IllegalTransition(f"{payment.order_id} was charged and never opened")
        case _:
            assert_never(payment.status)


@dataclass(frozen=True, slots=True)
class Declined:
    payment: Payment
    reason: DeclineReason


@dataclass(frozen=True, slots=True)
class Voided:
    """The order ended before any money moved."""

    payment: Payment


@dataclass(frozen=True, slots=True)
class AlreadyDecided:
    pass


def decline(payment: Payment, reason: DeclineReason) -> Declined | AlreadyDecided:
    """The provider has refused the charge."""
    if payment.status not in ("pending", "unknown"):
        return AlreadyDecided()
    declined = replace(payment, status="declined", decline_reason=reason, token=None)
    return Declined(declined, reason)


def close_uncharged(payment: Payment, reason: DeclineReason) -> Declined | Voided | AlreadyDecided:
    """No charge was made: voided when the order has ended, declined for ``reason`` otherwise."""
    if payment.status not in ("pending", "unknown"):
        return AlreadyDecided()
    if payment.end_reason is not None:
        return Voided(replace(payment, status="voided", token=None))
    return decline(payment, reason)


def outcome_unknown(payment: Payment) -> Payment:
    """A call was made and nobody knows what came of it."""
    return replace(payment, status="unknown") if payment.status == "pending" else payment


@dataclass(frozen=True, slots=True)
class RefundQueued:
    payment: Payment
    refund: Attempt


@dataclass(frozen=True, slots=True)
class NothingToRefund:
    pass


def queue_refund(
    payment: Payment, asked_minor: int, reason: str, now: datetime
) -> RefundQueued | NothingToRefund:
    """Fix a refund's amount: what is asked, at most what is neither refunded nor queued."""
    minor = min(asked_minor, payment.refundable_minor)
    if minor <= 0:
        return NothingToRefund()
    refund = next_refund(payment, Money(minor, payment.captured_currency), reason, now)
    queued = payment.refund_queued_minor + minor
    status: Status = "captured_late" if payment.status == "captured_late" else "refund_pending"
    asked = replace(payment, refund_queued_minor=queued, refunds=refund.number, status=status)
    return RefundQueued(asked, refund)


def next_refund(payment: Payment, money: Money, reason: str, now: datetime) -> Attempt:
    """A refund under a key of its own, which the payment has yet to count."""
    number = payment.refunds + 1
    return Attempt(
        order_id=payment.order_id,
        operation="refund",
        number=number,
        provider_key=f"{payment.payment_id}-refund-{number}",
        amount_minor=money.minor,
        currency=money.currency,
        created_at=now,
        reason=reason,
    )


def refund_done(payment: Payment, minor: int) -> Payment:
    """Given back: refunded once nothing of what was captured is left."""
    done = replace(
        payment,
        refunded_minor=payment.refunded_minor + minor,
        refund_queued_minor=payment.refund_queued_minor - minor,
    )
    return replace(done, status=_status_of_money(done))


def refund_refused(payment: Payment, minor: int) -> Payment:
    """Not given back: it is no longer queued, and an ended order shows that it is still owed."""
    back = replace(payment, refund_queued_minor=payment.refund_queued_minor - minor)
    return replace(back, status=_status_of_money(back))


def _status_of_money(payment: Payment) -> Status:
    if payment.refunded_minor == payment.captured_minor:
        return "refunded"
    if payment.status == "captured_late":
        return "captured_late"
    keeps = payment.end_reason is None and payment.decline_reason is None
    return "captured" if keeps and payment.refund_queued_minor == 0 else "refund_pending"
