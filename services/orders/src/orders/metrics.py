"""This service's own metrics in Prometheus' format; names and labels are part of the product."""

from prometheus_client import Counter, Histogram

ORDERS_PLACED = Counter("orderproof_orders_placed_total", "Orders taken in", ["channel"])
# Beside 5 s, the service level, and the deadline of 900 s the buckets follow what a buyer feels.
DECISION_SECONDS = Histogram(
    "orderproof_order_decision_seconds",
    "Time from placed to confirmed, rejected, expired or cancelled while pending",
    ["outcome"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900),
)
# A series that begins with its first order has no increase then, and the alert would not see it.
for _outcome in ("confirmed", "rejected", "expired", "cancelled"):
    DECISION_SECONDS.labels(_outcome)
