"""Histories that are wrong in what was asked, told in Kafka, or decided, and the check of each."""

from dataclasses import replace

from tests.proof.judges.journal import Reply
from tests.unit.proof.breaking import (
    FIRST,
    NOBODYS,
    OPENED,
    SECOND,
    Wrong,
    also_mailed,
    also_replied,
    also_told,
    also_wanted,
    another_order,
    booked,
    came,
    lived,
    told_other,
    wanted,
)
from tests.unit.proof.histories import (
    CANCELLED,
    CONFIRMED,
    LIVES,
    REJECTED,
    SKU,
    asked,
    fact,
    mail,
    moved,
    records,
    right,
    told,
)

BUYERS: list[Wrong] = [
    ("a lost order", "acknowledged-is-told", lambda: also_wanted(asked(NOBODYS))),
    (
        "a lost order by Kafka",
        "acknowledged-is-told",
        lambda: also_wanted(replace(asked(NOBODYS), replies=[], sent=True)),
    ),
    (
        "a lost order whose buyer was given another's",
        "acknowledged-is-told",
        lambda: also_wanted(replace(asked(CONFIRMED), reference="ref-ord_9")),
    ),
    (
        "two orders of one intent",
        "one-order-per-intent",
        lambda: also_told(another_order("ref-ord_1")),
    ),
    (
        "two ids under one key",
        "one-order-per-intent",
        lambda: also_replied(Reply(201, asked(NOBODYS).replies[0].body)),
    ),
    (
        "other bytes under one key",
        "same-answer-again",
        lambda: also_replied(Reply(201, asked(CONFIRMED).replies[0].body + b" ")),
    ),
    (
        "an error in place of an answer",
        "good-order-accepted",
        lambda: also_replied(Reply(500, b"")),
    ),
    (
        "an order placed and refused as well",
        "good-order-accepted",
        lambda: also_told(fact("ref-ord_1", "orders.storefront-order-refused", 1)),
    ),
    (
        "an answer of another price",
        "told-as-ordered",
        lambda: wanted(CONFIRMED, total_minor=500),
    ),
    (
        "other goods than ordered",
        "told-as-ordered",
        lambda: told_other(CONFIRMED, "placed", lines=[]),
    ),
    (
        "another currency than ordered",
        "told-as-ordered",
        lambda: told_other(CONFIRMED, "order-confirmed", currency="USD"),
    ),
    (
        "a charge told in another currency",
        "told-as-ordered",
        lambda: told_other(CONFIRMED, "payment-captured", currency="EUR"),
    ),
    (
        "a cancellation told under another's reference",
        "told-as-ordered",
        lambda: told_other(CANCELLED, "order-cancelled", client_reference="ref-ord_1"),
    ),
    (
        "an event that speaks of another order",
        "told-as-ordered",
        lambda: told_other(CONFIRMED, "stock-reserved", order_id=REJECTED),
    ),
    (
        "other goods in the parcel",
        "told-as-ordered",
        lambda: told_other(CONFIRMED, "order-shipped", parcel={"lines": []}),
    ),
    (
        "more goods asked for than ordered",
        "told-as-ordered",
        lambda: told_other(CONFIRMED, "-opened", lines=[{"sku": SKU, "quantity": 2}]),
    ),
    ("an event of nobody's order", "no-unknown-order", lambda: also_told(another_order("who"))),
    (
        "an event under a reference in place of an order's id",
        "no-unknown-order",
        lambda: also_told(told("ref-ord_1", "confirmed", 1)),
    ),
    (
        "a charge for nobody's order",
        "no-unknown-order",
        lambda: booked(moved("capture", NOBODYS), of=NOBODYS),
    ),
    ("a mail of nobody's order", "no-unknown-order", lambda: also_mailed(mail(NOBODYS, "placed"))),
    (
        "a webhook of nobody's order",
        "no-unknown-order",
        lambda: came(FIRST, SECOND, replace(FIRST, key=NOBODYS)),
    ),
]

EVENTS: list[Wrong] = [
    ("a gap", "events-in-order", lambda: also_told(told(CONFIRMED, "delivered", 5))),
    ("events out of order", "events-in-order", lambda: right(told=records()[::-1])),
    (
        "a first event that is not the first",
        "events-in-order",
        lambda: also_told(fact(REJECTED, OPENED, 2)),
    ),
    (
        "two partitions",
        "events-in-order",
        lambda: also_told(told(CONFIRMED, "delivered", 4, partition=1)),
    ),
    (
        "another event under an id that was told",
        "same-event-again",
        lambda: also_told(told(CONFIRMED, "shipped", 3, data={})),
    ),
    (
        "an event that comes again elsewhere",
        "same-event-again",
        lambda: also_told(told(CONFIRMED, "shipped", 3, partition=1)),
    ),
]

LIFE: list[Wrong] = [
    ("an undecided order", "every-order-ends", lambda: lived(CONFIRMED, "placed")),
    ("two outcomes", "one-outcome", lambda: lived(REJECTED, "placed", "rejected", "confirmed")),
    ("the outcome told twice", "one-outcome", lambda: lived(REJECTED, "placed", *["rejected"] * 2)),
    (
        "an order placed twice",
        "one-outcome",
        lambda: lived(REJECTED, "placed", "placed", "rejected"),
    ),
    (
        "an end that is taken back",
        "one-outcome",
        lambda: lived(CANCELLED, *LIVES[CANCELLED][:4], "confirmed"),
    ),
    (
        "a parcel after the end",
        "one-outcome",
        lambda: lived(CANCELLED, *LIVES[CANCELLED], "shipped"),
    ),
    (
        "a parcel of an order that was not decided",
        "one-outcome",
        lambda: lived(CONFIRMED, "placed", "shipped", "confirmed"),
    ),
    (
        "a confirmed order that is cancelled without inventory's word",
        "one-outcome",
        lambda: lived(CANCELLED, "placed", "confirmed", "cancelled", "refunded"),
    ),
    (
        "a cancellation that nobody asked for",
        "one-outcome",
        lambda: wanted(CANCELLED, cancel_asked=False, cancels=[]),
    ),
    (
        "a pending order's cancellation that nobody asked for",
        "one-outcome",
        lambda: lived(REJECTED, "placed", "cancelled"),
    ),
    (
        "a cancellation that was promised and forgotten",
        "cancellation-counts",
        lambda: wanted(CONFIRMED, cancel_asked=True, cancels=[202]),
    ),
    (
        "too late was the answer, and it was cancelled",
        "cancellation-counts",
        lambda: wanted(CANCELLED, cancels=[409]),
    ),
    (
        "a cancellation that ended in an error",
        "cancellation-counts",
        lambda: wanted(CANCELLED, cancels=[500]),
    ),
    (
        "an order that cannot be read",
        "status-agrees",
        lambda: right(statuses={REJECTED: "rejected", CANCELLED: "cancelled"}),
    ),
    *(
        (
            f"a sent order that is shown as {status}",
            "status-agrees",
            lambda status=status: right(statuses={**right().statuses, CONFIRMED: status}),
        )
        for status in ("pending", "confirmed", "delivered", "cancelled")
    ),
]
