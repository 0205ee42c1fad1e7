"""What the payments service tells: money that moved, or did not."""

from typing import ClassVar, Literal

from shared.contracts import topics
from shared.contracts.event import Event

DeclineReason = Literal[
    "declined", "insufficient-funds", "amount-mismatch", "provider-unreachable", "deadline-passed"
]


class PaymentEvent(Event):
    topic: ClassVar[str] = topics.PAYMENTS
    payment_id: str
    amount_minor: int
    currency: str


class PaymentAuthorized(PaymentEvent):
    type: ClassVar[str] = "payments.payment-authorized.v1"


class PaymentCaptured(PaymentEvent):
    """``late`` means that the order had ended or the charge was thought not made."""

    type: ClassVar[str] = "payments.payment-captured.v1"
    late: bool = False


class PaymentDeclined(PaymentEvent):
    type: ClassVar[str] = "payments.payment-declined.v1"
    reason: DeclineReason


class PaymentVoided(PaymentEvent):
    """The order ended before any money moved."""

    type: ClassVar[str] = "payments.payment-voided.v1"


class PaymentRefunded(PaymentEvent):
    """``amount_minor`` is this refund's; ``refunded_minor`` the sum of all so far.

    ``captured_minor`` is what there was to give back, which may be other than the order's total.
    """

    type: ClassVar[str] = "payments.payment-refunded.v1"
    refund_id: str
    refunded_minor: int
    captured_minor: int | None = None
    reason: str


EVENTS: tuple[type[Event], ...] = (
    PaymentAuthorized,
    PaymentCaptured,
    PaymentDeclined,
    PaymentVoided,
    PaymentRefunded,
)
