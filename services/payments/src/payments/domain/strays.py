"""Money in the provider's list that our ledger does not have: who is asked, what goes back."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from payments.domain.attempts import Attempt, Operation
from payments.domain.money import Money
from payments.domain.payment import Payment, next_refund


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of the provider's list: an operation that moved money, under the key it came with.

    A refund's ``charge_reference`` is the charge of which it gave something back.
    """

    id: str
    operation: Operation
    key: str
    order_id: str
    charge_reference: str
    money: Money
    at: datetime


@dataclass(frozen=True, slots=True)
class AskAgain:
    """It was made under a key of ours: the provider's answer to that key settles it."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class TakeLate:
    """The payment was closed without money: this is its money, come late."""


@dataclass(frozen=True, slots=True)
class TakeBeside:
    """The payment has its money: this came beside it, and goes back by itself."""


@dataclass(frozen=True, slots=True)
class Undecided:
    """The payment's own charge is under way; the next comparison knows more."""


@dataclass(frozen=True, slots=True)
class ForPeople:
    """No rule says whose money this is."""

    why: str


Judgement: TypeAlias = AskAgain | TakeLate | TakeBeside | Undecided | ForPeople


def judge(found: Movement, payment: Payment | None, made: Attempt | None) -> Judgement:
    """``made`` is the attempt under the movement's key, ``payment`` that of its order, if any."""
    if payment is None or not payment.payment_id:
        return ForPeople("order-unknown")
    if found.operation == "refund":
        asked = made is not None and made.state == "open"
        return AskAgain(made) if asked and made else ForPeople("refund-unknown")
    if made is not None and made.operation != "charge":
        return ForPeople("key-of-a-refund")
    if made is not None and made.provider_reference == found.charge_reference:
        return ForPeople("amount-differs")
    if payment.status in ("pending", "unknown"):
        return AskAgain(made) if made else Undecided()
    if payment.captured_minor > 0:
        return TakeBeside()
    return TakeLate() if made is None else AskAgain(made)


def stray_charge(found: Movement, number: int, now: datetime, *, beside: bool) -> Attempt:
    """The charge as an attempt of its order; its own reference keeps it apart from our keys."""
    return Attempt(
        order_id=found.order_id,
        operation="charge",
        number=number,
        provider_key=found.charge_reference,
        amount_minor=found.money.minor,
        currency=found.money.currency,
        created_at=now,
        reason="found-in-list",
        state="succeeded",
        provider_reference=found.charge_reference,
        stray_charge=found.charge_reference if beside else None,
    )


def stray_refund(payment: Payment, charge: Attempt, now: datetime) -> tuple[Payment, Attempt]:
    """All of a charge that came beside the payment goes back; the payment only counts it."""
    refund = next_refund(payment, charge.money, "stray-charge", now)
    beside = replace(refund, stray_charge=charge.stray_charge)
    return replace(payment, refunds=refund.number), beside
