"""This service's own metrics in Prometheus' format; names and labels are part of the product."""

from prometheus_client import Counter, Gauge

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
