"""Small right histories of a shop, for tests that break them one thing at a time."""

import json
from dataclasses import replace
from typing import Any

from tests.proof.judges.book import Operation
from tests.proof.judges.journal import Intent, Journal, Reply
from tests.proof.judges.kafka import Told
from tests.proof.judges.mailbox import Mail
from tests.proof.judges.stock import Shelf
from tests.proof.judges.verdict import Evidence

CONFIRMED, REJECTED, CANCELLED = "ord_1", "ord_2", "ord_3"
SKU, RECEIVED = "sku", 10


def told(order_id: str, family: str, sequence: int, **more: Any) -> Told:
    """A record of the orders' topic about an order, whose reference is ``ref-<order id>``."""
    headers = {
        "ce_source": "/orders",
        "ce_id": f"{order_id}-{sequence}",
        "ce_type": f"orders.order-{family}.v1",
        "ce_sequence": f"{sequence:010}",
    }
    data = {"order_id": order_id, "client_reference": f"ref-{order_id}"}
    made = Told("orders.events.v1", 0, sequence, order_id, headers, data)
    return replace(made, **more)


def fulfilled(order_id: str, sequence: int) -> Told:
    """A record of the partners' topic."""
    event_id = f"evt-{order_id}-{sequence}"
    headers = {
        "ce_source": "/fulfilment",
        "ce_id": event_id,
        "ce_type": "fulfilment.some-thing-happened.v1",
        "ce_sequence": f"{sequence:010}",
    }
    return Told("fulfilment.events.v1", 0, sequence, order_id, headers, {"order_id": order_id})


def delivered(order_id: str, sequence: int, **more: Any) -> Told:
    """What a partner gets of it."""
    headers = {"ce_id": f"evt-{order_id}-{sequence}", "ce_sequence": str(sequence)}
    return replace(Told("webhooks", 0, sequence, order_id, headers, b"{}"), **more)


def asked(order_id: str) -> Intent:
    """One unit at 250, acknowledged by HTTP."""
    reply = Reply(201, json.dumps({"order_id": order_id}).encode())
    return Intent(f"ref-{order_id}", f"key-{order_id}", {SKU: 1}, 250, "tok_ok", replies=[reply])


def right(**changed: Any) -> Evidence:
    """Three orders: one confirmed, one rejected, one confirmed and then cancelled."""
    cancelled = replace(asked(CANCELLED), cancel_asked=True, cancels=[202])
    intents = [asked(CONFIRMED), asked(REJECTED), cancelled]
    journal = Journal({one.reference: one for one in intents})
    journal.received[SKU] = RECEIVED
    seen: dict[str, Any] = {
        "journal": journal,
        "told": [
            *(told(one, "placed", 1) for one in (CONFIRMED, REJECTED, CANCELLED)),
            told(CONFIRMED, "confirmed", 2),
            told(REJECTED, "rejected", 2),
            told(CANCELLED, "confirmed", 2),
            told(CANCELLED, "cancelled", 3),
            fulfilled(CONFIRMED, 1),
            fulfilled(CONFIRMED, 2),
        ],
        "book": [
            Operation("capture", CONFIRMED, 250, ok=True),
            Operation("capture", CANCELLED, 250, ok=True),
            Operation("refund", CANCELLED, 250, ok=True),
        ],
        "mails": [
            Mail(one, f"{one}-{n}", f"subject {n}")
            for one in (CONFIRMED, REJECTED, CANCELLED)
            for n in (1, 2)
        ],
        "webhooks": [delivered(CONFIRMED, 1), delivered(CONFIRMED, 2)],
        "shelves": {SKU: Shelf(RECEIVED, 1, RECEIVED - 1)},
        "statuses": {CONFIRMED: "shipped", REJECTED: "rejected", CANCELLED: "cancelled"},
    }
    return Evidence(**{**seen, **changed})
