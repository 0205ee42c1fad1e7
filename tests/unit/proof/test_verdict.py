"""Every check of the verdict fails on a history that breaks it, and on that alone."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.proof.judges.book import Operation
from tests.proof.judges.journal import Intent, Journal, Reply
from tests.proof.judges.kafka import Told
from tests.proof.judges.mailbox import Mail
from tests.proof.judges.stock import Shelf
from tests.proof.judges.verdict import Evidence, judge
from tests.unit.proof.histories import (
    CANCELLED,
    CONFIRMED,
    RECEIVED,
    REJECTED,
    SKU,
    asked,
    delivered,
    right,
    told,
)


def broken_by(seen: Evidence) -> set[str]:
    return {one.check for one in judge(seen)}


def with_told(*more: Told, without: tuple[int, ...] = ()) -> Evidence:
    """``without`` are places in the right history's records."""
    kept = [one for place, one in enumerate(right().told) if place not in without]
    return right(told=[*kept, *more])


def with_intent(reference_of: str, **changed: Any) -> Evidence:
    journal = right().journal
    intent = journal.intents[f"ref-{reference_of}"]
    journal.intents[intent.reference] = replace(intent, **changed)
    return right(journal=journal)


def with_book(*more: Operation) -> Evidence:
    return right(book=[*right().book, *more])


def with_another_intent(intent: Intent) -> Evidence:
    journal = right().journal
    journal.ordered(intent)
    return right(journal=journal)


def with_received(units: int) -> Evidence:
    journal = right().journal
    journal.received[SKU] = units
    return right(journal=journal, shelves={SKU: Shelf(units, 1, units - 1)})


ANOTHER = Reply(201, b'{"order_id": "ord_1", "again": true}')
OTHER_ID = Reply(201, b'{"order_id": "ord_9"}')
SECOND_ORDER = replace(told("ord_9", "placed", 1), data={"client_reference": f"ref-{CONFIRMED}"})
PAYMENT = replace(told(CONFIRMED, "x", 1), topic="payments.events.v1")

WRONG: list[tuple[str, str, Callable[[], Evidence]]] = [
    ("a lost order", "acknowledged-is-told", lambda: with_another_intent(asked("ord_9"))),
    (
        "a lost order by Kafka",
        "acknowledged-is-told",
        lambda: with_another_intent(Intent("ref", "key", {}, 1, "tok_ok", "kafka", sent=True)),
    ),
    ("two orders of one intent", "one-order-per-intent", lambda: with_told(SECOND_ORDER)),
    (
        "two ids under one key",
        "one-order-per-intent",
        lambda: with_intent(
            CONFIRMED, replies=[*right().journal.intents[f"ref-{CONFIRMED}"].replies, OTHER_ID]
        ),
    ),
    (
        "other bytes under one key",
        "same-answer-again",
        lambda: with_intent(
            CONFIRMED, replies=[*right().journal.intents[f"ref-{CONFIRMED}"].replies, ANOTHER]
        ),
    ),
    (
        "an error in place of an answer",
        "good-order-accepted",
        lambda: with_intent(
            CONFIRMED,
            replies=[*right().journal.intents[f"ref-{CONFIRMED}"].replies, Reply(500, b"{}")],
        ),
    ),
    (
        "an event of nobody's order",
        "no-unknown-order",
        lambda: with_told(replace(told("ord_9", "placed", 1), data={"client_reference": "who"})),
    ),
    (
        "a charge for nobody's order",
        "no-unknown-order",
        lambda: with_book(Operation("capture", "ord_9", 1, ok=True)),
    ),
    ("a gap", "events-in-order", lambda: with_told(told(CONFIRMED, "shipped", 4))),
    (
        "events out of order",
        "events-in-order",
        lambda: right(told=[*right().told[:3], *reversed(right().told[3:])]),
    ),
    (
        "a first event that is not the first",
        "events-in-order",
        lambda: with_told(replace(PAYMENT, headers={**PAYMENT.headers, "ce_sequence": "2"})),
    ),
    (
        "two partitions",
        "events-in-order",
        lambda: with_told(replace(told(CONFIRMED, "shipped", 3), partition=1)),
    ),
    ("an undecided order", "every-order-ends", lambda: with_told(without=(3,))),
    ("two outcomes", "one-outcome", lambda: with_told(told(REJECTED, "confirmed", 3))),
    (
        "a cancellation that nobody asked for",
        "one-outcome",
        lambda: with_intent(CANCELLED, cancel_asked=False, cancels=[]),
    ),
    ("the outcome told twice", "one-outcome", lambda: with_told(told(REJECTED, "rejected", 3))),
    (
        "a cancellation that was promised and forgotten",
        "cancellation-counts",
        lambda: with_intent(CONFIRMED, cancel_asked=True, cancels=[202]),
    ),
    (
        "an order that cannot be read",
        "status-agrees",
        lambda: right(statuses={REJECTED: "rejected", CANCELLED: "cancelled"}),
    ),
    (
        "a status that Kafka contradicts",
        "status-agrees",
        lambda: right(statuses={**right().statuses, CANCELLED: "confirmed"}),
    ),
    (
        "money kept for a cancelled order",
        "money-follows-orders",
        lambda: right(book=right().book[:2]),
    ),
    (
        "a delivered order unpaid",
        "money-follows-orders",
        lambda: right(book=right().book[1:]),
    ),
    (
        "a refund twice",
        "money-follows-orders",
        lambda: with_book(Operation("refund", CANCELLED, 250, ok=True)),
    ),
    (
        "a second charge that was given back",
        "captured-once",
        lambda: with_book(
            Operation("capture", CONFIRMED, 250, ok=True),
            Operation("refund", CONFIRMED, 250, ok=True),
        ),
    ),
    ("oversold", "stock-follows-orders", lambda: with_received(0)),
    (
        "a hold that nobody needs",
        "stock-follows-orders",
        lambda: right(shelves={SKU: Shelf(RECEIVED, 2, RECEIVED - 2)}),
    ),
    (
        "a hold that is missing",
        "stock-follows-orders",
        lambda: right(shelves={SKU: Shelf(RECEIVED, 0, RECEIVED)}),
    ),
    ("an unreadable shelf", "stock-follows-orders", lambda: right(shelves={})),
    (
        "one thing mailed in two messages",
        "mailed-once",
        lambda: right(mails=[*right().mails, Mail(CONFIRMED, "another", "subject 1")]),
    ),
    ("a buyer who is not told", "buyer-is-told", lambda: right(mails=right().mails[1:])),
    (
        "a webhook that never came",
        "partner-is-told",
        lambda: right(webhooks=[delivered(CONFIRMED, 1)]),
    ),
    (
        "a webhook of what Kafka does not tell",
        "partner-is-told",
        lambda: right(webhooks=[*right().webhooks, delivered(CONFIRMED, 3)]),
    ),
    (
        "webhooks in another order",
        "partner-in-order",
        lambda: right(webhooks=right().webhooks[::-1]),
    ),
    (
        "a webhook that is not signed by us",
        "partner-can-verify",
        lambda: right(webhooks=[*right().webhooks, delivered("", 0)]),
    ),
    (
        "a webhook that says something else when it comes again",
        "same-bytes-again",
        lambda: right(webhooks=[*right().webhooks, delivered(CONFIRMED, 2, data=b"[]")]),
    ),
]


def test_a_right_history_breaks_nothing() -> None:
    assert judge(right()) == []


@pytest.mark.parametrize(
    ("check", "history"), [one[1:] for one in WRONG], ids=[w[0] for w in WRONG]
)
def test_a_wrong_history_breaks_the_check_that_watches_it(
    check: str, history: Callable[[], Evidence]
) -> None:
    assert check in broken_by(history())


def test_every_check_is_shown_to_fail() -> None:
    """Of all that the verdict can say, nothing is left without a history above."""
    from tests.architecture.source import ROOT

    text = (ROOT / "tests/proof/judges/verdict.py").read_text()
    named = {part.split('"')[1] for part in text.split("Violation(")[1:] if part.startswith('"')}

    assert named == {check for _, check, _ in WRONG}


def test_repetitions_of_a_record_a_mail_and_a_webhook_break_nothing() -> None:
    """Delivery is at least once: the same event, and the same Message-ID, may come again."""
    records = [*right().told, *right().told[2:]]
    mails, webhooks = [*right().mails, *right().mails], [*right().webhooks, *right().webhooks]

    assert judge(right(told=records, mails=mails, webhooks=webhooks)) == []


def test_what_the_fault_has_forged_is_left_out() -> None:
    poison = told(CONFIRMED, "expired", 9)

    assert judge(right(told=[*right().told, poison], forged=frozenset({poison.id[1]}))) == []


def test_orders_of_other_runs_are_none_of_this_one() -> None:
    elsewhere = replace(told("ord_9", "cancelled", 7), data={"client_reference": "elsewhere"})

    assert judge(right(told=[*right().told, elsewhere], elsewhere=frozenset({"ord_9"}))) == []


def test_what_was_sent_is_on_the_shelf_no_more() -> None:
    journal: Journal = right().journal
    journal.shipped[CONFIRMED][SKU] = 1

    left = {SKU: Shelf(RECEIVED - 1, 0, RECEIVED - 1)}
    assert judge(right(journal=journal, shelves=left)) == []
    assert broken_by(right(journal=journal)) == {"stock-follows-orders"}


def test_a_cancellation_may_be_refused_after_all_while_the_goods_leave() -> None:
    journal: Journal = right().journal
    journal.intents[f"ref-{CONFIRMED}"].cancel_asked = True
    journal.intents[f"ref-{CONFIRMED}"].cancels = [202]
    records = [*right().told, told(CONFIRMED, "cancellation-refused", 3)]

    assert judge(right(journal=journal, told=records)) == []
