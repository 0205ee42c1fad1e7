"""Payments and attempts to try rules on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from payments.domain.attempts import Attempt, CallLimits
from payments.domain.payment import Payment

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
DECIDE_BY = NOW + timedelta(minutes=10)
SECOND = timedelta(seconds=1)
TICK = timedelta(microseconds=1)
LIMITS = CallLimits(
    calls_max=4,
    settle_after=timedelta(seconds=20),
    inquiry_delay=SECOND,
    key_use_max=timedelta(hours=12),
    sweep_delays=tuple(timedelta(minutes=one) for one in (1, 5, 30)),
)


def a_payment(status: str = "pending", **changes: Any) -> Payment:
    """A payment of 1530 GBP; one with a status of money has captured it."""
    captured = status in ("captured", "captured_late", "refund_pending", "refunded")
    payment = Payment(
        order_id="ord_1",
        payment_id="pay_1",
        status=status,  # type: ignore[arg-type]
        amount_minor=1530,
        currency="GBP",
        token=None if captured else "tok_secret_canary",
        decide_by=DECIDE_BY,
        opened_at=NOW,
        captured_minor=1530 if captured else 0,
        captured_currency="GBP" if captured else "",
        charge_reference="ch_1" if captured else None,
        refunded_minor=1530 if status == "refunded" else 0,
    )
    return replace(payment, **changes)


def an_attempt(**changes: Any) -> Attempt:
    attempt = Attempt("ord_1", "charge", 1, "pay_1-charge-1", 1530, "GBP", NOW)
    return replace(attempt, **changes)


def called(calls: int = 1, at: datetime = NOW, **changes: Any) -> Attempt:
    """An attempt whose last call was started ``at``."""
    return an_attempt(calls=calls, first_called_at=at, call_started_at=at, **changes)
