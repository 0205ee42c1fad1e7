"""The demo's orders, what each must come to, and the comparison with what was found."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from local_runtime.demo_system import Basket

UNIT_PRICE_MINOR = 255
SIGNS = {"capture": 1, "refund": -1}

Ending = Literal["delivered", "rejected", "expired", "cancelled"]


@dataclass(frozen=True)
class Outcome:
    """One way an order can go; ``mails`` are the ends of the subjects, in order.

    ``operations`` are those of the provider that moved money, in order.
    """

    name: str
    token: str
    in_stock: int
    ends: Ending
    mails: tuple[str, ...]
    reasons: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    quantity: int = 3

    def basket(self, run: str) -> Basket:
        """An order of it, with a SKU and a reference of its own in each ``run``."""
        mark = f"demo-{run}-{self.name.replace(' ', '-').replace(',', '')}"
        return Basket(mark, mark, self.quantity, UNIT_PRICE_MINOR, self.token)

    @property
    def is_delivered(self) -> bool:
        return self.ends == "delivered"

    @property
    def net_minor(self) -> int:
        """What the shop must keep in the end."""
        return self.quantity * UNIT_PRICE_MINOR if self.is_delivered else 0

    @property
    def on_hand(self) -> int:
        """What must be left on the shelf."""
        return self.in_stock - self.quantity if self.is_delivered else self.in_stock


RECEIVED, REJECTED = "has been received", "could not be accepted"
REFUNDED = "is on its way to you"

DELIVERED = Outcome(
    "delivered",
    "tok_ok",
    10,
    "delivered",
    (RECEIVED, "is confirmed", "is on its way", "was delivered"),
    operations=("capture",),
)
REJECTED_DECLINED = Outcome(
    "rejected, payment declined",
    "tok_declined",
    10,
    "rejected",
    (RECEIVED, REJECTED),
    reasons=("payment-declined",),
)
REJECTED_OUT_OF_STOCK = Outcome(
    "rejected, out of stock",
    "tok_ok",
    1,
    "rejected",
    (RECEIVED, REJECTED, REFUNDED),
    reasons=("out-of-stock",),
    operations=("capture", "refund"),
)
REJECTED_BOTH = Outcome(
    "rejected, both",
    "tok_declined",
    1,
    "rejected",
    (RECEIVED, REJECTED),
    reasons=("out-of-stock", "payment-declined"),
)
EXPIRED_LATE_CHARGE = Outcome(
    "expired, late charge refunded",
    "tok_timeout_done_late",
    10,
    "expired",
    (RECEIVED, "has expired", REFUNDED),
    operations=("capture", "refund"),
)
CANCELLED_PENDING = Outcome(
    "cancelled while pending",
    "tok_slow",
    10,
    "cancelled",
    (RECEIVED, "is cancelled", REFUNDED),
    operations=("capture", "refund"),
)
OTHERS = (
    REJECTED_DECLINED,
    REJECTED_OUT_OF_STOCK,
    REJECTED_BOTH,
    EXPIRED_LATE_CHARGE,
    CANCELLED_PENDING,
)


@dataclass(frozen=True)
class Found:
    """What the outside saw of an order: its status, the provider's book, shelf and mailbox."""

    order_id: str
    status: str
    reasons: Sequence[str]
    operations: Sequence[tuple[str, int]]
    on_hand: int
    reserved: int
    subjects: Sequence[str]

    @property
    def net_minor(self) -> int:
        return sum(SIGNS.get(name, 0) * amount_minor for name, amount_minor in self.operations)


def found(
    order: Mapping[str, Any],
    book: Iterable[Mapping[str, Any]],
    stock: Mapping[str, Any],
    mails: Iterable[Mapping[str, Any]],
) -> Found:
    """Put together what the APIs answered; a mail that came twice counts once."""
    order_id = str(order["order_id"])
    subjects = {mail["message_id"]: str(mail["subject"]) for mail in mails}
    return Found(
        order_id=order_id,
        status=str(order["status"]),
        reasons=sorted(order["reasons"]),
        operations=[
            (str(one["op"]), int(one["amount_minor"]))
            for one in book
            if one["order_id"] == order_id and one["ok"]
        ],
        on_hand=int(stock["on_hand"]),
        reserved=int(stock["reserved"]),
        subjects=list(subjects.values()),
    )


def problems(outcome: Outcome, seen: Found) -> list[str]:
    """Where ``seen`` differs from what ``outcome`` tells; empty when all went as told."""
    pairs = [
        ("status", outcome.ends, seen.status),
        ("reasons", sorted(outcome.reasons), list(seen.reasons)),
        ("money operations", list(outcome.operations), [name for name, _ in seen.operations]),
        ("money kept", outcome.net_minor, seen.net_minor),
        ("on hand", outcome.on_hand, seen.on_hand),
        ("reserved", 0, seen.reserved),
        ("mails", list(outcome.mails), [_end(outcome, one) for one in seen.subjects]),
    ]
    return [f"{what}: {is_} instead of {told}" for what, told, is_ in pairs if is_ != told]


def _end(outcome: Outcome, subject: str) -> str:
    """The end of the subject by which the outcome knows it, else all of it."""
    return next((end for end in outcome.mails if subject.endswith(end)), subject)
