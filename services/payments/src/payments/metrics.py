"""This service's own metrics in Prometheus' format; names and labels are part of the product."""

from typing import get_args

from prometheus_client import Counter, Gauge

from payments.provider import (
    Captured,
    ChargeAnswer,
    Declined,
    NotFound,
    RefundAnswer,
    Refunded,
    RefundRefused,
    Unknown,
)

PROVIDER_CALLS = Counter(
    "orderproof_provider_calls_total",
    "Answers of the provider; unknown when there was none, or one that says nothing",
    ["operation", "answer"],
)
PROVIDER_EVENTS = Counter(
    "orderproof_provider_events_total",
    "Provider events by what became of them",
    ["provider", "outcome"],
)
DIFFERENCES = Gauge(
    "orderproof_reconciliation_differences",
    "Differences between the provider's list and the ledger, as the last comparison found them",
    ["promise"],
)
RECONCILED_AT = Gauge(
    "orderproof_reconciliation_finished_timestamp_seconds",
    "When the provider's list was last compared to its end",
)

_ANSWERS: dict[type[ChargeAnswer | RefundAnswer], str] = {
    Captured: "captured",
    Declined: "declined",
    Refunded: "refunded",
    RefundRefused: "refused",
    NotFound: "not-found",
    Unknown: "unknown",
}
_OPERATIONS: dict[str, object] = {"charge": ChargeAnswer, "refund": RefundAnswer}
# A series that begins with its first answer has no increase then, and the alert would not see it.
for _operation, _can_be in _OPERATIONS.items():
    for _answer in get_args(_can_be):
        PROVIDER_CALLS.labels(_operation, _ANSWERS[_answer])


def count_answer(operation: str, answer: ChargeAnswer | RefundAnswer) -> None:
    """Count what the provider has said to a ``charge`` or ``refund``, or to a question about it."""
    PROVIDER_CALLS.labels(operation, _ANSWERS[type(answer)]).inc()
