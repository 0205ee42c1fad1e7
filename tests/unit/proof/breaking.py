"""How one thing of the right history is broken."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.proof.judges.book import Operation
from tests.proof.judges.journal import Intent, Reply
from tests.proof.judges.kafka import Told
from tests.proof.judges.mailbox import Mail
from tests.proof.judges.stock import Shelf
from tests.proof.judges.verdict import Evidence
from tests.unit.proof.histories import (
    CANCELLED,
    CONFIRMED,
    RECEIVED,
    SKU,
    asked,
    document,
    mail,
    moved,
    records,
    right,
    told,
)

OPENED, SENT = "fulfilment.fulfilment-order-opened", "fulfilment.shipment-dispatched"
NOBODYS = "ord_9"


def also_told(*more: Told) -> Evidence:
    return right(told=[*records(), *more])


def untold(order_id: str, *ends: str) -> Evidence:
    """Without the events of an order whose families end so."""
    kept = [one for one in records() if one.key != order_id or not one.family.endswith(ends)]
    return right(told=kept)


def told_other(of: str, end: str, **data: Any) -> Evidence:
    """One event of an order says something else."""

    def changed(one: Told) -> Told:
        hit = one.key == of and one.family.endswith(end)
        return replace(one, data={**one.data, **data}) if hit else one

    return right(told=[changed(one) for one in records()])


def lived(order_id: str, *life: str, **more: Any) -> Evidence:
    """The orders' topic tells another life of an order."""
    others = [one for one in records() if (one.key, one.topic) != (order_id, "orders.events.v1")]
    return right(told=[*others, *(told(order_id, one, n) for n, one in enumerate(life, 1))], **more)


def wanted(order_id: str, **changed: Any) -> Evidence:
    """Of the buyer of an order something else is written down."""
    journal = right().journal
    intent = journal.intents[f"ref-{order_id}"]
    journal.intents[intent.reference] = replace(intent, **changed)
    return right(journal=journal)


def also_wanted(intent: Intent) -> Evidence:
    journal = right().journal
    journal.intents[intent.reference] = intent
    return right(journal=journal)


def also_replied(reply: Reply) -> Evidence:
    return wanted(CONFIRMED, replies=[*asked(CONFIRMED).replies, reply])


def booked(*lines: Operation, of: str) -> Evidence:
    """The provider's book of one order is another."""
    return right(book=[*(one for one in right().book if one.order_id != of), *lines])


def mailed(order_id: str, kind: str, **changed: Any) -> Evidence:
    """One mail is another."""
    due = mail(order_id, kind)
    mails = [one._replace(**changed) if one == due else one for one in right().mails]
    return right(mails=mails)


def also_mailed(*more: Mail) -> Evidence:
    return right(mails=[*right().mails, *more])


def came(*changed: Told) -> Evidence:
    return right(webhooks=changed)


def shelf(*levels: int) -> Evidence:
    return right(shelves={SKU: Shelf(*levels)})


def sold_out() -> Evidence:
    """The shelf agrees that more was sold than there was."""
    journal = right().journal
    journal.received[SKU] = 0
    return right(journal=journal, shelves={SKU: Shelf(-1, 0, -1)})


def not_sent() -> Evidence:
    """Everybody tells of a parcel, and the warehouse knows of none."""
    journal = right().journal
    journal.shipped.clear()
    return right(journal=journal, shelves={SKU: Shelf(RECEIVED, 1, RECEIVED - 1)})


def another_order(reference: str) -> Told:
    return told(NOBODYS, "placed", 1, data=document(NOBODYS, client_reference=reference))


FIRST, SECOND = right().webhooks[0], right().webhooks[1]
REFUNDED = (moved("capture", CANCELLED), moved("refund", CANCELLED))
Wrong = tuple[str, str, Callable[[], Evidence]]
