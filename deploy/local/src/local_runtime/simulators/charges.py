"""What may happen to a charge: pure rules, each answering with a change or a refusal."""

from dataclasses import dataclass, replace
from typing import Literal, assert_never

from local_runtime.simulators.behaviours import Behaviour, DeclineCode

ChargeStatus = Literal["authorized", "captured", "declined", "voided"]
OperationName = Literal["authorize", "capture", "void", "refund"]
LaterOperation = Literal["capture", "void", "refund"]


@dataclass(frozen=True, slots=True)
class Charge:
    id: str
    status: ChargeStatus
    amount_minor: int
    captured_minor: int
    refunded_minor: int
    currency: str
    order_id: str
    key: str
    decline_code: DeclineCode | None


@dataclass(frozen=True, slots=True)
class Order:
    """What a charge is asked for."""

    order_id: str
    amount_minor: int
    currency: str
    capture: bool


@dataclass(frozen=True, slots=True)
class Change:
    """One operation's effect: the charge as it is afterwards."""

    op: OperationName
    charge: Charge
    amount_minor: int
    ok: bool = True


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was done, and the same call may be sent again."""

    error: str
    http_status: int = 422


def open_charge(charge_id: str, key: str, order: Order, behaviour: Behaviour) -> Change:
    amount_minor = order.amount_minor + behaviour.surplus_minor
    declined = behaviour.decline_code is not None
    charge = Charge(
        id=charge_id,
        status="declined" if declined else "captured" if order.capture else "authorized",
        amount_minor=amount_minor,
        captured_minor=amount_minor if order.capture and not declined else 0,
        refunded_minor=0,
        currency=order.currency,
        order_id=order.order_id,
        key=key,
        decline_code=behaviour.decline_code,
    )
    return Change("capture" if order.capture else "authorize", charge, amount_minor, not declined)


def change_charge(op: LaterOperation, charge: Charge, amount_minor: int) -> Change | Refused:
    match op:
        case "capture":
            return _capture(charge, amount_minor)
        case "void":
            return _void(charge)
        case "refund":
            return _refund(charge, amount_minor)
        case _:
            assert_never(op)


def _capture(charge: Charge, amount_minor: int) -> Change | Refused:
    """An authorization is captured once, in whole or in part; the rest is let go."""
    if charge.status != "authorized":
        return Refused("not-capturable")
    if amount_minor > charge.amount_minor:
        return Refused("capture-exceeds-authorization")
    captured = replace(charge, status="captured", captured_minor=amount_minor)
    return Change("capture", captured, amount_minor)


def _void(charge: Charge) -> Change | Refused:
    if charge.status != "authorized":
        return Refused("not-voidable")
    return Change("void", replace(charge, status="voided"), charge.amount_minor)


def _refund(charge: Charge, amount_minor: int) -> Change | Refused:
    if amount_minor > charge.captured_minor - charge.refunded_minor:
        return Refused("refund-exceeds-capture")
    refunded = replace(charge, refunded_minor=charge.refunded_minor + amount_minor)
    return Change("refund", refunded, amount_minor)
