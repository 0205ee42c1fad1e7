"""Small right histories of a shop, for tests that break them one thing at a time."""

import json
from dataclasses import replace
from typing import Any

from tests.proof.judges.book import Operation
from tests.proof.judges.journal import Intent, Journal, Reply
from tests.proof.judges.kafka import Told
from tests.proof.judges.mailbox import SUBJECTS, Mail
from tests.proof.judges.stock import Shelf
from tests.proof.judges.verdict import Evidence

CONFIRMED, REJECTED, CANCELLED = "ord_1", "ord_2", "ord_3"
SKU, RECEIVED = "sku", 10
LIVES = {
    CONFIRMED: ("placed", "confirmed", "shipped"),
    REJECTED: ("placed", "rejected"),
    CANCELLED: ("placed", "confirmed", "cancellation-requested", "cancelled", "refunded"),
}
OTHERS = {
    CONFIRMED: (
        "payments.payment-captured",
        "inventory.stock-reserved",
        "fulfilment.fulfilment-order-opened",
        "fulfilment.shipment-dispatched",
    ),
    REJECTED: ("payments.payment-declined", "inventory.stock-reserved", "inventory.stock-released"),
    CANCELLED: (
        "payments.payment-captured",
        "payments.payment-refunded",
        "inventory.stock-reserved",
        "inventory.stock-released",
        "fulfilment.fulfilment-order-opened",
        "fulfilment.fulfilment-order-cancelled",
    ),
}


def document(order_id: str, **more: Any) -> dict[str, Any]:
    """An order as answers and events show it, with what any event of it may have as well."""
    shown: dict[str, Any] = {"order_id": order_id, "client_reference": f"ref-{order_id}"}
    shown |= {"total_minor": 250, "currency": "GBP", "lines": [{"sku": SKU, "quantity": 1}]}
    shown |= {"amount_minor": 250, "reason": "declined", "reasons": ["payment-declined"]}
    shown |= {"holds": [{"sku": SKU, "quantity": 1}]}
    return {**shown, **more}


def fact(order_id: str, family: str, sequence: int, **more: Any) -> Told:
    """A record of the topic of ``family``'s owner."""
    topic = f"{family.partition('.')[0]}.events.v1"
    headers = {
        "ce_source": f"/{topic}",
        "ce_id": f"{topic}-{order_id}-{sequence}",
        "ce_type": f"{family}.v1",
        "ce_sequence": f"{sequence:010}",
    }
    return replace(Told(topic, 0, sequence, order_id, headers, document(order_id)), **more)


def told(order_id: str, family: str, sequence: int, **more: Any) -> Told:
    """A record of the orders' topic about an order, whose reference is ``ref-<order id>``."""
    return fact(order_id, f"orders.order-{family}", sequence, **more)


def delivered(event: Told, **more: Any) -> Told:
    """What a partner gets of a record."""
    names = ("ce_id", "ce_type")
    headers = {**{name: event.headers[name] for name in names}, "bytes": json.dumps(event.data)}
    headers["ce_sequence"] = str(event.sequence)
    return replace(Told("webhooks", 0, event.offset, event.key, headers, event.data), **more)


def moved(op: str, order_id: str, amount_minor: int = 250, **more: Any) -> Operation:
    """A line of the provider's book."""
    return Operation(op, order_id, amount_minor, "GBP", ok=True)._replace(**more)


def mail(order_id: str, kind: str, **more: Any) -> Mail:
    """A mail about what the orders' topic told."""
    subject, to = SUBJECTS[kind].format(f"ref-{order_id}"), [f"{order_id}@example.com"]
    return Mail(order_id, f"{order_id}-{kind}", to, subject, "Total: £2.50")._replace(**more)


def asked(order_id: str) -> Intent:
    """One unit at 250, acknowledged by HTTP."""
    reply = Reply(201, json.dumps(document(order_id)).encode())
    wanted = f"{order_id}@example.com", {SKU: 1}, 250, "GBP", "tok_ok"
    return Intent(f"ref-{order_id}", f"key-{order_id}", *wanted, replies=[reply])


def records() -> list[Told]:
    """All topics, one after the other."""
    found = [told(key, one, n) for key, life in LIVES.items() for n, one in enumerate(life, 1)]
    for order_id, families in OTHERS.items():
        for family in families:
            owner = family.partition(".")[0]
            own = [one for one in families if one.startswith(owner)]
            found.append(fact(order_id, family, own.index(family) + 1))
    return found


def right(**changed: Any) -> Evidence:
    """Three orders: one confirmed and sent, one rejected, one confirmed and then cancelled."""
    cancelled = replace(asked(CANCELLED), cancel_asked=True, cancels=[202])
    intents = [asked(CONFIRMED), replace(asked(REJECTED), token="tok_declined"), cancelled]
    journal = Journal({one.reference: one for one in intents}, shipped={CONFIRMED})
    journal.received[SKU] = RECEIVED
    shipments = [one for one in records() if one.topic == "fulfilment.events.v1"]
    seen: dict[str, Any] = {
        "journal": journal,
        "told": records(),
        "book": [
            moved("capture", CONFIRMED),
            moved("capture", REJECTED, ok=False),
            moved("capture", CANCELLED),
            moved("refund", CANCELLED),
        ],
        "mails": [
            mail(order_id, one)
            for order_id, life in LIVES.items()
            for one in life
            if one in SUBJECTS
        ],
        "webhooks": [delivered(one) for one in shipments],
        "shelves": {SKU: Shelf(RECEIVED - 1, 0, RECEIVED - 1)},
        "statuses": {CONFIRMED: "shipped", REJECTED: "rejected", CANCELLED: "cancelled"},
    }
    return Evidence(**{**seen, **changed})
