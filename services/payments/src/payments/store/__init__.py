"""The service's SQL: set-based, one statement for each purpose."""

from payments.store.events import NewEvent, attempt_known, claim_event, kept_event
from payments.store.payments import (
    PAYMENTS,
    Sweep,
    attempts_of,
    book,
    claim_sweeps,
    close_rows,
    finish_rows,
    hold_leases,
    load_attempts,
    order_of,
    payment_of,
    postpone_rows,
    save_attempts,
    start_calls,
)

__all__ = [
    "PAYMENTS",
    "NewEvent",
    "Sweep",
    "attempt_known",
    "attempts_of",
    "book",
    "claim_event",
    "claim_sweeps",
    "close_rows",
    "finish_rows",
    "hold_leases",
    "kept_event",
    "load_attempts",
    "order_of",
    "payment_of",
    "postpone_rows",
    "save_attempts",
    "start_calls",
]
