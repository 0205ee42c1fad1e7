"""The verdict over one run, once it is quiet: what was promised against what others saw.

Nothing here comes from the system's own code or tables: the journal is the client's, the book the
provider's, the mails the buyers', the webhooks a partner's; Kafka, the shelf and the statuses are
read as anyone may.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from tests.proof.judges import book, kafka, mailbox, stock
from tests.proof.judges.journal import Intent, Journal

# For this token the provider takes more than it was asked for.
CHARGED_TOO_MUCH, REFUSED = "tok_wrong_amount", "orders.storefront-order-refused"
# What the orders' topic may tell of one order, from its first event to its last.
LIFE = re.compile(
    "placed( refunded)*(( rejected| expired| cancelled)( refunded)*| confirmed"
    "( cancellation-(requested|refused)| partially-shipped| shipped| delivered| refunded)*"
    "( cancellation-requested( refunded)* cancelled( refunded)*)?)?"
)

STANDS = (*kafka.OUTCOMES, "partially-shipped", "shipped", "delivered")
Claims = Iterator[tuple[str, object, object]]  # A check's name, what was found, what is due.


@dataclass(frozen=True)
class Violation:
    """A promise that was broken; ``order_id`` is empty when it is no single order's."""

    check: str
    order_id: str
    words: str


class Order(NamedTuple):
    """An order from all sides; ``sent`` is whether the warehouse has sent its parcel."""

    intent: Intent
    fate: kafka.Fate
    book: Sequence[book.Operation]
    mails: Sequence[mailbox.Mail]
    webhooks: Sequence[kafka.Told]
    status: str
    sent: bool


@dataclass(frozen=True)
class Evidence:
    """What the judges have; ``elsewhere`` are orders of other runs on the same stack, ``forged``
    keys and event ids of records that the fault itself has written into Kafka.
    """

    journal: Journal
    told: Sequence[kafka.Told]
    book: Sequence[book.Operation]
    mails: Sequence[mailbox.Mail]
    webhooks: Sequence[kafka.Told]
    shelves: Mapping[str, stock.Shelf]
    statuses: Mapping[str, str]
    elsewhere: frozenset[str] = frozenset()
    forged: frozenset[str] = frozenset()

    @cached_property
    def facts(self) -> list[kafka.Told]:
        genuine = (one for one in self.told if not {one.key, one.id[1]} & self.forged)
        return [one for one in genuine if one.topic in kafka.FACTS]

    @cached_property
    def fates(self) -> dict[str, kafka.Fate]:
        """By the id of each order that somebody in the journal has wanted."""
        found = kafka.fates(self.facts).items()
        return {one: fate for one, fate in found if fate.reference in self.journal.intents}

    def orders(self) -> Iterator[tuple[str, Order]]:
        book, mails = _by("order_id", self.book), _by("order_id", self.mails)
        came = _by("key", self.webhooks)
        for one, fate in self.fates.items():
            intent, status = self.journal.intents[fate.reference], self.statuses.get(one, "")
            sent = one in self.journal.shipped
            yield one, Order(intent, fate, book[one], mails[one], came[one], status, sent)


def _by(name: str, them: Iterable[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for one in them:
        found[getattr(one, name)].append(one)
    return found


def judge(seen: Evidence) -> list[Violation]:
    """Every promise that is broken; empty when all hold."""
    found = [*_buyers(seen), *_records(seen)]
    for order_id, order in seen.orders():
        for claims in (_asked, _life, _money, _goods, _told):
            found += [
                Violation(check, order_id, f"{is_so}, due is {due}")
                for check, is_so, due in claims(order)
                if is_so != due
            ]
    return found


def _buyers(seen: Evidence) -> Iterator[Violation]:
    """Each gets one answer under a key, and one order however often asked, told in Kafka."""
    refused = {one.key for one in seen.facts if one.family == REFUSED}
    became: dict[str, set[str]] = defaultdict(set)
    for order_id, fate in seen.fates.items():
        became[fate.reference].add(order_id)
    for reference, intent in seen.journal.intents.items():
        told, promised = became[reference], intent.order_ids
        order_id = min(told | promised, default="")
        if len(told | promised) > 1:
            yield Violation("one-order-per-intent", order_id, f"{reference}: {told | promised}")
        if promised - told or (intent.sent and not told):
            yield Violation("acknowledged-is-told", order_id, f"Kafka has no {reference}")
        if len({one.body for one in intent.replies if one.status == 201}) > 1:
            yield Violation("same-answer-again", order_id, f"{intent.key} has two answers")
        bad = [f"{one.status} {one.body[:200]!r}" for one in intent.replies if one.status != 201]
        if bad or reference in refused:
            yield Violation("good-order-accepted", order_id, f"{reference} was refused: {bad}")


def _records(seen: Evidence) -> list[Violation]:
    """Events are in order and repeated as they were; of nobody's order there is nothing at all."""
    own = [one for one in seen.facts if one.key in seen.fates]
    outside = (*(one.order_id for one in seen.mails), *(one.key for one in seen.webhooks))
    named = {one for one in outside if one} - seen.forged | {one.order_id for one in seen.book}
    named |= {one.key for one in seen.facts if one.family != REFUSED}
    strange = named - seen.fates.keys() - seen.elsewhere
    found = {
        "events-in-order": kafka.disorder(own),
        "same-event-again": kafka.altered(own),
        "same-bytes-again": kafka.altered(seen.webhooks),
        "partner-can-verify": [("", f"{one.id[1]}") for one in seen.webhooks if not one.key],
        "no-unknown-order": [(one, "nobody has placed it") for one in sorted(strange)],
        "stock-follows-orders": stock.differences(seen.journal, seen.fates, seen.shelves),
    }
    return [Violation(check, *one) for check, wrong in found.items() for one in wrong]


def _asked(one: Order) -> Claims:
    """Whatever is said of it, in answers and in events, is what was wanted."""
    due: dict[str, object] = {"order_id": one.fate.facts[0].key, "currency": one.intent.currency}
    due |= {"client_reference": one.intent.reference, "total_minor": one.intent.total_minor}
    for said in (*one.intent.documents, *(fact.data for fact in one.fate.facts)):
        told = {name: said[name] for name in due if name in said}
        yield "told-as-ordered", told, {name: due[name] for name in told}
        if "lines" in (goods := said.get("parcel", said)):
            units = {line["sku"]: line["quantity"] for line in goods["lines"]}
            yield "told-as-ordered", units, one.intent.units


def _life(one: Order) -> Claims:
    """It is decided once, the API says the same, and a cancellation is asked for and counts."""
    life, cancels, end = one.fate.life, set(one.intent.cancels), one.fate.outcomes[-1:]
    unasked = end == ["cancelled"] and not one.intent.cancel_asked
    yield "every-order-ends", len(end), 1
    yield "one-outcome", life, life if LIFE.fullmatch(" ".join(life)) and not unasked else "a life"
    stands = ["pending", *(event.replace("-", "_") for event in life if event in STANDS)]
    yield "status-agrees", one.status, stands[-1]
    refused, over = "cancellation-refused" in life, end in (["rejected"], ["expired"])
    forgotten = 202 in cancels and one.fate.lives and not refused
    in_vain = (409 in cancels or refused) and not (one.sent or over)
    yield "cancellation-counts", [cancels, life] if forgotten or in_vain else [], []
    yield "cancellation-counts", cancels - {202, 409}, set()


def _money(one: Order) -> Claims:
    """The provider holds the total of a living order, captured once; Kafka tells what it did."""
    captured, refunded = book.amounts(one.book, "capture"), book.amounts(one.book, "refund")
    total, currency = one.intent.total_minor, one.intent.currency
    too_much = one.intent.token == CHARGED_TOO_MUCH and not one.fate.lives
    yield "money-follows-orders", sum(captured) - sum(refunded), total if one.fate.lives else 0
    yield "captured-once", len(captured[1:]), 0
    yield "charged-as-ordered", {total, *captured}, {total, *captured} if too_much else {total}
    # Money is taken at once: what is authorized is blocked, and nobody has it.
    moves = {(op, currency) for op in ("capture", "refund")}
    yield "charged-as-ordered", {(line.op, line.currency) for line in one.book} - moves, set()
    told = [data["amount_minor"] for data in one.fate.told("payments.payment-captured")]
    yield "money-is-told", told, told if too_much else captured
    declines = {data["reason"] for data in one.fate.told("payments.payment-declined")}
    yield "money-is-told", declines if one.fate.lives else set(), set()
    known = declines if any(not line.ok for line in one.book) else set()
    yield "refused-for-cause", declines & {"declined", "insufficient-funds"} - known, set()
    for family in ("payments.payment-refunded", "orders.order-refunded"):
        told = [data["amount_minor"] for data in one.fate.told(family)]
        yield "money-is-told", told, refunded


def _goods(one: Order) -> Claims:
    """Its goods are held while it lives, and are sent or kept as everybody is told."""
    outcomes = one.fate.outcomes
    yield "goods-are-told", stock.held(one.fate), one.intent.units if one.fate.lives else {}
    yield "goods-are-told", "shipped" in one.fate.life, one.sent
    steps = {
        "fulfilment.fulfilment-order-opened": "confirmed" in outcomes,
        "fulfilment.shipment-dispatched": one.sent,
        "fulfilment.fulfilment-order-cancelled": outcomes == ["confirmed", "cancelled"],
    }
    told = [event.family for event in one.fate.on(kafka.FULFILMENT)]
    yield "goods-are-told", told, [step for step, taken in steps.items() if taken]


def _told(one: Order) -> Claims:
    """Its buyer and a partner are told what Kafka tells, each thing once, in order, and rightly."""
    back = sum(data["amount_minor"] for data in one.fate.told("orders.order-refunded"))
    due = mailbox.due(one.fate.life, one.intent.reference, one.intent.total_minor, back)
    ids = [mail.message_id for mail in one.mails]
    mails = [mail for n, mail in enumerate(one.mails) if mail.message_id not in ids[:n]]
    yield "buyer-is-told", [mail.subject for mail in mails], list(due)
    yield "mail-is-right", [mail.to for mail in mails], [[one.intent.email]] * len(mails)
    yield "mail-is-right", [mail for mail in one.mails if mail not in mails], []
    silent = [mail.text for mail in mails if due.get(mail.subject, "") not in mail.text]
    yield "mail-is-right", silent, []
    came, told = kafka.first_occurrences(one.webhooks), one.fate.on(kafka.FULFILMENT)
    sides = [[(e.id[1], e.type, e.sequence, e.data) for e in side] for side in (came, told)]
    yield "partner-is-told", sides[0], sides[1]
    private = one.intent.email, one.intent.token
    yield "kept-private", [e for e in told if any(word in str(e.data) for word in private)], []
