"""The verdict over one run, once it is quiet: what was promised against what others saw.

Nothing here comes from the system's own code or tables: the journal is the client's, the book the
provider's, the mails the buyers', the webhooks a partner's; Kafka, the shelf and the statuses are
read as anyone may.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.proof.judges import book, kafka, mailbox, stock, webhooks
from tests.proof.judges.journal import Journal

MAILS_MIN = 2  # That the order was received, and what became of it.
LIVING = ("confirmed", "partially_shipped", "shipped", "delivered")


@dataclass(frozen=True)
class Violation:
    """A promise that was broken; ``order_id`` is empty when it is no single order's."""

    check: str
    order_id: str
    words: str


@dataclass(frozen=True)
class Evidence:
    """What the judges have. ``elsewhere`` are orders of other runs on the same stack;

    ``forged`` are keys and event ids of records that the fault itself has written into Kafka.
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
    fates: dict[str, kafka.Fate] = field(init=False)
    facts: list[kafka.Told] = field(init=False)

    def __post_init__(self) -> None:
        genuine = [one for one in self.told if not {one.key, one.id[1]} & self.forged]
        facts = [one for one in genuine if one.topic in kafka.FACTS]
        known = {
            order_id: fate
            for order_id, fate in kafka.fates(facts).items()
            if fate.reference in self.journal.intents
        }
        object.__setattr__(self, "fates", known)
        object.__setattr__(self, "facts", facts)

    @property
    def placed(self) -> dict[str, list[str]]:
        """The ids of the orders that each reference has become, by Kafka."""
        found: dict[str, list[str]] = defaultdict(list)
        for order_id, fate in self.fates.items():
            found[fate.reference].append(order_id)
        return found


def judge(seen: Evidence) -> list[Violation]:
    """Every promise that is broken; empty when all hold."""
    checks = (
        _told,
        _answers,
        _known,
        _order_of_events,
        _outcomes,
        _statuses,
        _money,
        _mails,
        _partner,
    )
    found = [one for check in checks for one in check(seen)]
    shelf = stock.differences(seen.journal, seen.fates, seen.shelves)
    return found + [Violation("stock-follows-orders", "", words) for words in shelf]


def _told(seen: Evidence) -> Iterator[Violation]:
    """What was acknowledged is told in Kafka, and one intent is one order however often asked."""
    refused = {one.key for one in seen.facts if "storefront-order-refused" in one.type}
    placed = seen.placed
    for intent in seen.journal.intents.values():
        ids = set(placed.get(intent.reference, ())) | intent.order_ids
        if len(ids) > 1:
            yield Violation("one-order-per-intent", min(ids), f"{intent.reference} became {ids}")
        for order_id in intent.order_ids - seen.fates.keys():
            yield Violation("acknowledged-is-told", order_id, "Kafka has no order-placed of it")
        if intent.acknowledged and not ids:
            also = " (refused)" if intent.reference in refused else ""
            yield Violation("acknowledged-is-told", "", f"{intent.reference} is no order{also}")


def _answers(seen: Evidence) -> Iterator[Violation]:
    """Under one key always the same bytes; good orders are not refused; no unexpected error."""
    for intent in seen.journal.intents.values():
        order_id = min(intent.order_ids, default="")
        if len({one.body for one in intent.replies if one.status == 201}) > 1:
            yield Violation("same-answer-again", order_id, f"{intent.key} has two answers")
        for reply in intent.replies:
            if reply.status != 201:
                words = f"{intent.reference} was answered {reply.status}: {reply.body[:200]!r}"
                yield Violation("good-order-accepted", order_id, words)


def _known(seen: Evidence) -> Iterator[Violation]:
    """No event, and no money, of an order that nobody has placed."""
    known = seen.fates.keys() | seen.elsewhere | seen.journal.intents.keys()
    for key in sorted({one.key for one in seen.facts} - known):
        yield Violation("no-unknown-order", key, "Kafka tells of it, and nobody placed it")
    for order_id in sorted({one.order_id for one in seen.book} - known):
        yield Violation("no-unknown-order", order_id, "the provider has it, and nobody placed it")


def _order_of_events(seen: Evidence) -> Iterator[Violation]:
    """Each topic tells 1, 2, 3 … of each order, in one partition."""
    own = [one for one in seen.facts if one.key in seen.fates]
    for order_id, words in kafka.disorder(own):
        yield Violation("events-in-order", order_id, words)


def _outcomes(seen: Evidence) -> Iterator[Violation]:
    """Every order is decided once; only a cancellation that was asked for may follow."""
    for order_id, fate in seen.fates.items():
        intent = seen.journal.intents[fate.reference]
        asked = fate.outcomes[1:] == ["cancelled"] and intent.cancel_asked
        if not fate.outcomes:
            yield Violation("every-order-ends", order_id, f"undecided after {fate.families}")
        elif fate.outcomes[1:] and not (fate.outcomes[0] == "confirmed" and asked):
            yield Violation("one-outcome", order_id, f"it came to {fate.outcomes}")
        if 202 in intent.cancels and fate.lives and "cancellation-refused" not in fate.families:
            yield Violation("cancellation-counts", order_id, "202, and neither done nor refused")


def _statuses(seen: Evidence) -> Iterator[Violation]:
    """The API shows every order, and says what Kafka says."""
    for order_id, fate in seen.fates.items():
        status = seen.statuses.get(order_id, "unreadable")
        last = fate.outcomes[-1] if fate.outcomes else "undecided"
        agrees = status in LIVING if fate.lives else status == last
        if not agrees:
            yield Violation("status-agrees", order_id, f"{status} by the API, {last} by Kafka")


def _money(seen: Evidence) -> Iterator[Violation]:
    """The provider holds the total of every living order, captured once, and nothing of others."""
    held, captures = book.held_minor(seen.book), book.captures(seen.book)
    for order_id, fate in seen.fates.items():
        intent = seen.journal.intents[fate.reference]
        due = intent.total_minor if fate.lives else 0
        if held[order_id] != due:
            words = f"the provider holds {held[order_id]}, due are {due} ({fate.outcomes})"
            yield Violation("money-follows-orders", order_id, words)
        if captures[order_id] > 1:
            yield Violation("captured-once", order_id, f"captured {captures[order_id]} times")


def _mails(seen: Evidence) -> Iterator[Violation]:
    """Every buyer is told, and nothing in two different messages."""
    for order_id, subject in mailbox.told_twice(seen.mails):
        if order_id in seen.fates:
            yield Violation("mailed-once", order_id, f"two messages say {subject!r}")
    told = mailbox.different(seen.mails)
    for order_id in seen.fates:
        if told[order_id] < MAILS_MIN:
            yield Violation("buyer-is-told", order_id, f"{told[order_id]} messages")


def _partner(seen: Evidence) -> Iterator[Violation]:
    """A partner is told what Kafka tells, in order, signed, and the same each time it comes."""
    facts = [one for one in seen.facts if one.topic == webhooks.TOPIC and one.key in seen.fates]
    own = [one for one in seen.webhooks if one.key in seen.fates or not one.key]
    told, came = ({one.id[1]: one.key for one in side} for side in (facts, own))
    for event_id in sorted(told.keys() ^ came.keys()):
        words = f"{event_id} did not come" if event_id in told else f"{event_id} is not in Kafka"
        yield Violation("partner-is-told", {**came, **told}[event_id], words)
    bodies: dict[str, bytes] = {}
    for one in own:
        if not one.key:
            yield Violation("partner-can-verify", "", f"{one.id[1]} is not signed by us")
        if bodies.setdefault(one.id[1], one.data) != one.data:
            yield Violation("same-bytes-again", one.key, f"{one.id[1]} came with other bytes")
    for order_id, words in kafka.disorder(own):
        yield Violation("partner-in-order", order_id, words)
