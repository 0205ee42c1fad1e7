"""Metrics in Prometheus' format; names and labels are part of the product."""

from prometheus_client import Counter, Gauge, Histogram

EVENTS_PROCESSED = Counter(
    "orderproof_events_processed_total", "Events by what became of them", ["consumer", "outcome"]
)
BATCH_RECORDS = Histogram(
    "orderproof_batch_records",
    "Records of one batch",
    ["consumer"],
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500),
)
BATCH_SECONDS = Histogram("orderproof_batch_seconds", "Time of one batch", ["consumer"])
CONSUMER_LAG = Gauge("orderproof_consumer_lag_records", "Records not yet read", ["consumer"])
CONSUMER_LAG_SECONDS = Gauge(
    "orderproof_consumer_lag_seconds",
    "How old what waits may be, 0 when nothing does",
    ["consumer"],
)
PARTITION_STOPPED = Gauge(
    "orderproof_partition_stopped", "1 while one error class stops the group", ["consumer"]
)
RELAYED = Counter("orderproof_outbox_relayed_total", "Outbox rows acknowledged by Kafka")
RELAY_FAILED = Counter("orderproof_outbox_relay_failed_total", "Failed sends", ["error"])
RELAY_LEADER = Gauge("orderproof_outbox_leader", "1 while this instance leads the relay")
OUTBOX_ROWS = Gauge("orderproof_outbox_rows", "Events that wait for Kafka or were set aside")
OUTBOX_AGE = Gauge(
    "orderproof_outbox_oldest_age_seconds", "Age of the oldest event that waits for Kafka"
)
WORK_ROWS = Gauge("orderproof_work_rows", "Calls to the outside that are not done", ["kind"])
WORK_AGE = Gauge("orderproof_work_oldest_age_seconds", "Age of the oldest of them", ["kind"])
PARKED_KEYS = Gauge(
    "orderproof_parked_keys", "Orders and references that wait for a redrive", ["consumer"]
)
BACKLOG_UNMEASURED = Gauge(
    "orderproof_backlog_unmeasured", "1 when the database did not say what waits"
)
WORK_FAILED = Counter("orderproof_work_failed_total", "Performances that raised", ["kind", "error"])
INVARIANT_VIOLATIONS = Gauge(
    "orderproof_invariant_violations", "Ids that break a promise, 1000 at most", ["invariant"]
)
INVARIANT_UNCHECKED = Gauge(
    "orderproof_invariant_unchecked", "1 while the last check of a promise failed", ["invariant"]
)
INVARIANT_SECONDS = Gauge(
    "orderproof_invariant_check_seconds", "Time of the last check of a promise", ["invariant"]
)
INVARIANTS_CHECKED_AT = Gauge(
    "orderproof_invariants_checked_timestamp_seconds", "When all promises were last checked"
)
