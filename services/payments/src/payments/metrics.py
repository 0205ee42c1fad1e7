"""This service's own metrics in Prometheus' format; names and labels are part of the product."""

from prometheus_client import Counter

PROVIDER_EVENTS = Counter(
    "orderproof_provider_events_total",
    "Provider events by what became of them",
    ["provider", "outcome"],
)
