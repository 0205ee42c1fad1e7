"""Why an order is where it is, in words, and what people may do about it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

Cause: TypeAlias = Literal[
    "service-down",
    "parked",
    "consumer-behind",
    "provider-unknown",
    "mail-not-taken",
    "work-not-begun",
    "overdue",
    "deadline-pending",
    "cancellation-pending",
    "partner-silent",
    "partner-rejected",
    "dispatch-pending",
    "delivery-pending",
]
ActionName: TypeAlias = Literal["dry-run", "redrive", "discard", "retry", "cancel", "release"]
PartnersAnswer: TypeAlias = Literal["accepted", "refused"]

# A lag is measured every ten seconds: what has only just come may look so old.
BEHIND_S = 15.0
SLOW_CALL_S = 5.0
# Who packs answers within a working day; the invariant gives them three.
SLOW_PARTNER_S = 24 * 3600.0
CANCELLABLE = ("pending", "confirmed")
ENDED = ("rejected", "expired", "cancelled", "delivered")
_TURN = "Kafka to have its placing (in orders' outbox; behind an outage, until its turn comes)"


@dataclass(frozen=True, slots=True)
class Action:
    """``target`` is a row's id, the order's own for ``cancel``, and its fulfilment order's for
    ``release``, whose ``answer`` is given in the partner's place; ``label`` is the button.
    """

    name: ActionName
    service: str
    target: str
    label: str
    answer: PartnersAnswer | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """``stuck`` tells what needs somebody from what only takes its time."""

    cause: Cause
    stuck: bool
    says: str
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """A work row that is not done. ``called_at`` is when the outside may have heard of it."""

    service: str
    id: int
    kind: str
    attempts: int
    not_before: datetime
    last_error: str | None = None
    called_at: datetime | None = None
    under_way: bool = False


@dataclass(frozen=True, slots=True)
class Parked:
    """The first record of a parked key; ``behind`` counts what waits for it."""

    service: str
    id: int
    type: str
    reason: str
    error: str
    behind: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A partner has to say whether the fulfilment order can still be cancelled, ``since`` then."""

    fulfilment_order_id: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known of an order now; ``lag_s`` is by service, in seconds.

    ``requests`` is how the partners stand who were asked to fulfil it: ``requested``, ``rejected``.
    ``told`` is whether Kafka has its placing, as far as the console has read.
    """

    order_id: str
    status: str
    deadline_at: datetime | None = None
    payment: str | None = None
    stock: str | None = None
    calls: tuple[Call, ...] = ()
    parked: tuple[Parked, ...] = ()
    asked: tuple[Asked, ...] = ()
    requests: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    lag_s: Mapping[str, float] | None = None
    told: bool = True


def waits_of(known: Known, now: datetime) -> list[Wait]:
    """Why the order is not further, what needs somebody first; nothing when it has ended."""
    found = [*_silent(known), *_parked(known), *_behind(known), *_called(known, now)]
    found += [*_asked(known, now), *_standing(known, now)]
    return sorted(found, key=lambda one: not one.stuck)


def _silent(known: Known) -> Iterator[Wait]:
    if known.status in ENDED:
        return
    for service in known.silent:
        says = f"{service} does not answer. The order goes on by itself once it is back."
        yield Wait("service-down", True, says)


def _parked(known: Known) -> Iterator[Wait]:
    for one in known.parked:
        behind = f" {one.behind} later events of the order wait behind it." if one.behind else ""
        says = f"{one.service} has parked {one.type}: {one.reason}, {one.error}.{behind}"
        buttons: tuple[tuple[ActionName, str], ...] = (
            ("dry-run", "See what a redrive would do"),
            ("redrive", "Redrive"),
            ("discard", "Discard"),
        )
        actions = (Action(name, one.service, str(one.id), label) for name, label in buttons)
        yield Wait("parked", True, says, tuple(actions))


def _behind(known: Known) -> Iterator[Wait]:
    if known.status in ENDED:
        return
    for service, lag_s in (known.lag_s or {}).items():
        if lag_s > BEHIND_S and service not in known.silent:
            says = f"{service} reads {lag_s:.0f} s behind; what it has not read has not happened."
            yield Wait("consumer-behind", True, says)


def _called(known: Known, now: datetime) -> Iterator[Wait]:
    ahead: dict[str, str] = {}
    for call in known.calls:
        if call.service in ahead:
            # Calls of an order are made one at a time, in the order they were asked for.
            says = f"A {call.kind} waits behind the {ahead[call.service]} before it."
            yield Wait("work-not-begun", False, says)
            continue
        ahead[call.service] = call.kind
        # Also of one that is under way: the page may be a moment old, and the service knows.
        actions = (Action("retry", call.service, str(call.id), _label(call)),)
        stuck = call.attempts > 1 or _seconds(call.called_at, now) > SLOW_CALL_S
        if call.kind == "mail":
            yield Wait("mail-not-taken", stuck, _mail(call, now), actions)
        elif call.called_at is not None:
            yield Wait("provider-unknown", stuck, _provider(call, now), actions)
        else:
            says = f"A {call.kind} is not begun{_error(call)}; {_next(call, now)}."
            yield Wait("work-not-begun", stuck, says, actions)


def _provider(call: Call, now: datetime) -> str:
    since = _seconds(call.called_at, now)
    return (
        f"The provider has not said whether the {call.kind} was made: last called {since:.0f} s "
        f"ago, tried {_times(call.attempts)}{_error(call)}. It counts as unknown, never as failed; "
        f"{_next(call, now)}, under the same key."
    )


def _mail(call: Call, now: datetime) -> str:
    if call.attempts == 0 or (call.attempts == 1 and call.last_error is None):
        return f"A mail is on its way to the mail server; {_next(call, now)}."
    return f"The mail server has not taken a mail{_error(call)}; {_next(call, now)}."


def _asked(known: Known, now: datetime) -> Iterator[Wait]:
    """Only the partner knows; who has it from them may say so in their place."""
    for one in known.asked if known.status not in ENDED else ():
        waited_s = _seconds(one.since, now)
        since = f" for {_length(waited_s)}" if one.since else ""
        says = (
            f"The partner has not answered the cancellation{since}: only they know whether the "
            "goods can still be kept back. What is held stays held until they, or you, say so."
        )
        answers: tuple[tuple[PartnersAnswer, str], ...] = (
            ("accepted", "Release: the partner keeps it back"),
            ("refused", "Release: the partner sends it"),
        )
        actions = (
            Action("release", "inventory", one.fulfilment_order_id, label, answer)
            for answer, label in answers
        )
        yield Wait("partner-silent", waited_s > SLOW_PARTNER_S, says, tuple(actions))


def _standing(known: Known, now: datetime) -> Iterator[Wait]:
    """What the order itself waits for, by where it stands."""
    cancel = Action("cancel", "orders", known.order_id, "Cancel and compensate")
    if known.status == "pending":
        missing = [
            name
            for name, state in (("payment", known.payment), ("stock", known.stock))
            if state is None
        ]
        waits_for = (" and ".join(missing) or "its decision") if known.told else _TURN
        if known.deadline_at is not None and known.deadline_at < now:
            late = (now - known.deadline_at).total_seconds()
            says = f"It is {late:.0f} s past its deadline and still waits for {waits_for}."
            yield Wait("overdue", True, says, (cancel,))
        else:
            says = f"It waits for {waits_for}, and expires {_at(known.deadline_at, now)} if not."
            yield Wait("deadline-pending", False, says, (cancel,))
    elif known.status == "cancelling" and not known.asked:
        says = "It waits for inventory to say whether the goods can still be kept back."
        yield Wait("cancellation-pending", False, says)
    elif known.status in ("confirmed", "partially_shipped"):
        actions = (cancel,) if known.status in CANCELLABLE else ()
        if "rejected" in known.requests:
            says = "The partner will not fulfil it: ask another, send it yourself, or cancel it."
            yield Wait("partner-rejected", True, says, actions)
            return
        who = "partner to accept it and" if "requested" in known.requests else "warehouse to"
        says = f"It waits for the {who} dispatch what is left of it."
        yield Wait("dispatch-pending", False, says, actions)
    elif known.status == "shipped":
        yield Wait("delivery-pending", False, "Everything has left; it waits for its delivery.")


def _label(call: Call) -> str:
    if call.kind == "mail":
        return "Try the mail again now"
    return "Ask the provider again now" if call.called_at else f"Begin the {call.kind} now"


def _error(call: Call) -> str:
    return f" ({call.last_error})" if call.last_error else ""


def _times(attempts: int) -> str:
    return "once" if attempts == 1 else f"{attempts} times"


def _next(call: Call, now: datetime) -> str:
    if call.under_way:
        return "it is being tried now"
    if call.not_before <= now:
        return "it is due now"
    return f"it is tried again {_at(call.not_before, now)}"


def _at(moment: datetime | None, now: datetime) -> str:
    if moment is None:
        return "at its deadline"
    return f"in {max(0.0, (moment - now).total_seconds()):.0f} s"


def _seconds(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())


def _length(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
