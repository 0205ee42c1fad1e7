"""Metrics of the way to partners; names and labels are part of the product."""

from prometheus_client import Counter, Gauge, Histogram

from notifications.partners.outward import Exchange

ATTEMPTS = Counter(
    "orderproof_webhook_attempts_total", "Webhook calls by what came of them", ["outcome"]
)
ATTEMPT_SECONDS = Histogram(
    "orderproof_webhook_attempt_seconds",
    "Time of a call that was received",
    buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10),
)
DISABLED = Counter("orderproof_webhook_endpoints_disabled_total", "Endpoints disabled", ["reason"])
# A series that begins with its first event has no increase then, and the alert would not see it.
for _reason in ("gone", "failing"):
    DISABLED.labels(_reason)
OVERDUE = Gauge(
    "orderproof_webhook_overdue_seconds",
    "How long the first delivery that is due has waited, 0 when none does",
)


def counted(exchange: Exchange) -> None:
    """Count an attempt as ``received``, by the class of its status, or by its error."""
    answer = exchange.answer
    if answer.received:
        ATTEMPTS.labels("received").inc()
        ATTEMPT_SECONDS.observe(exchange.duration_s)
    else:
        status = f"{answer.status // 100}xx" if answer.status else answer.error
        ATTEMPTS.labels(status).inc()
