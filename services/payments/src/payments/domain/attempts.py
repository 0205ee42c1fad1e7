"""One operation at the provider: when it may be called, when it is closed, when it is swept."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, TypeAlias

from payments.domain.money import Money

Operation = Literal["charge", "refund"]
State = Literal["open", "succeeded", "refused", "not_made"]
Obstacle = Literal["order-ended", "deadline-passed", "calls-used-up", "key-too-old"]

BACKOFF_DOUBLINGS_MAX = 6
# A provider tells of an operation while our own answer is under way: it is worth a moment.
ANSWER_GRACE = timedelta(milliseconds=300)


class AttemptKey(NamedTuple):
    order_id: str
    operation: Operation
    number: int


@dataclass(frozen=True, slots=True)
class CallLimits:
    """``settle_after`` must lie between two "not found" that close an attempt."""

    calls_max: int
    settle_after: timedelta
    inquiry_delay: timedelta
    key_use_max: timedelta
    sweep_delays: Sequence[timedelta]

    def backoff(self, tries: int) -> timedelta:
        """Doubles with every try from ``inquiry_delay``, 64 times it at most."""
        return self.inquiry_delay * (1 << min(max(tries - 1, 0), BACKOFF_DOUBLINGS_MAX))


@dataclass(frozen=True, slots=True)
class Attempt:
    """``not_found_since`` is the first "not found" after the last call was started.

    ``stray_charge`` is set where a charge came beside the payment's own: on it and its refund.
    """

    order_id: str
    operation: Operation
    number: int
    provider_key: str
    amount_minor: int
    currency: str
    created_at: datetime
    reason: str = ""
    state: State = "open"
    calls: int = 0
    first_called_at: datetime | None = None
    call_started_at: datetime | None = None
    not_found_since: datetime | None = None
    swept_from: datetime | None = None
    next_sweep_at: datetime | None = None
    provider_reference: str | None = None
    stray_charge: str | None = None

    @property
    def key(self) -> AttemptKey:
        return AttemptKey(self.order_id, self.operation, self.number)

    @property
    def money(self) -> Money:
        return Money(self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True)
class CallNow:
    """``attempt`` says that the provider may hear of it from now on."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class AskFirst:
    """Somebody may have called already: the provider knows."""


@dataclass(frozen=True, slots=True)
class Wait:
    attempt: Attempt
    until: datetime


@dataclass(frozen=True, slots=True)
class CloseNotMade:
    """No call was started, because of ``obstacle``; or none will have an effect any more."""

    obstacle: Obstacle | None


@dataclass(frozen=True, slots=True)
class NothingToDo:
    """The attempt was closed by another writer."""


TakeUp: TypeAlias = CallNow | AskFirst | CloseNotMade | NothingToDo
AfterNotFound: TypeAlias = CallNow | Wait | CloseNotMade | NothingToDo


@dataclass(frozen=True, slots=True)
class ChargeWindow:
    """What the order says about its charge: whether it has ended, and the last start."""

    order_ended: bool
    decide_by: datetime


def take_up_charge(
    attempt: Attempt, window: ChargeWindow, now: datetime, limits: CallLimits
) -> TakeUp:
    """What to do first with a charge's work row."""
    if attempt.state != "open":
        return NothingToDo()
    if attempt.calls > 0:
        return AskFirst()
    obstacle = charge_obstacle(attempt, window, now, limits)
    return CallNow(_called(attempt, now)) if obstacle is None else CloseNotMade(obstacle)


def charge_not_found(
    attempt: Attempt, window: ChargeWindow, now: datetime, limits: CallLimits
) -> AfterNotFound:
    """Repeat under the same key while that is allowed; otherwise close on the second answer.

    "Not found" does not prove that nothing will come: a closed attempt stays on the sweep.
    """
    if attempt.state != "open":
        return NothingToDo()
    if charge_obstacle(attempt, window, now, limits) is None:
        return CallNow(_called(attempt, now))
    since = attempt.not_found_since or now
    if now - since >= limits.settle_after:
        return CloseNotMade(None)
    return Wait(replace(attempt, not_found_since=since), since + limits.settle_after)


def charge_obstacle(
    attempt: Attempt, window: ChargeWindow, now: datetime, limits: CallLimits
) -> Obstacle | None:
    """Why no call may be started now; ``None`` when one may."""
    if window.order_ended:
        return "order-ended"
    if now >= window.decide_by:
        return "deadline-passed"
    if attempt.calls >= limits.calls_max:
        return "calls-used-up"
    return None if key_usable(attempt, now, limits) else "key-too-old"


def take_up_refund(attempt: Attempt, now: datetime) -> TakeUp:
    """What to do first with a refund's work row."""
    if attempt.state != "open":
        return NothingToDo()
    return AskFirst() if attempt.calls > 0 else CallNow(_called(attempt, now))


def refund_not_found(
    attempt: Attempt, now: datetime, limits: CallLimits, tries: int
) -> AfterNotFound:
    """A refund is owed: it is repeated under its key, and asked for when the key is too old."""
    if attempt.state != "open":
        return NothingToDo()
    if key_usable(attempt, now, limits):
        return CallNow(_called(attempt, now))
    return Wait(attempt, now + limits.backoff(tries))


def key_usable(attempt: Attempt, now: datetime, limits: CallLimits) -> bool:
    """A provider that has forgotten the key would do the operation again."""
    return attempt.first_called_at is None or now - attempt.first_called_at < limits.key_use_max


def closed_not_made(attempt: Attempt, now: datetime, limits: CallLimits) -> Attempt:
    """Closed without an effect; if a call was ever started, one may still come to light."""
    closed = replace(attempt, state="not_made")
    if attempt.calls == 0:
        return closed
    asked_for = attempt.next_sweep_at
    first = next_sweep_at(now, now, limits)
    next_at = min(first, asked_for) if first and asked_for else first or asked_for
    return replace(closed, swept_from=now, next_sweep_at=next_at)


def not_called(attempt: Attempt) -> Attempt:
    """The call that was to begin did not: of it nobody can have heard."""
    if attempt.calls > 1:
        return replace(attempt, calls=attempt.calls - 1)
    return replace(attempt, calls=0, first_called_at=None, call_started_at=None)


def succeeded(attempt: Attempt, reference: str) -> Attempt:
    return replace(attempt, state="succeeded", provider_reference=reference, next_sweep_at=None)


def refused(attempt: Attempt, reference: str | None) -> Attempt:
    return replace(attempt, state="refused", provider_reference=reference, next_sweep_at=None)


def sweep_now(attempt: Attempt, now: datetime) -> Attempt:
    """A worker that lost its lease may have caused something: look, and begin the sweep anew."""
    if attempt.operation != "charge" or attempt.state == "succeeded":
        return attempt
    return replace(attempt, swept_from=now, next_sweep_at=now)


def heard_of(attempt: Attempt, now: datetime) -> Attempt:
    """The provider says by itself that something came of it: ask, and begin the sweep anew.

    Nothing is left to learn of one that succeeded, nor of a refund that was refused.
    """
    if attempt.state == "succeeded" or (attempt.operation, attempt.state) == ("refund", "refused"):
        return attempt
    at = now + ANSWER_GRACE if attempt.state == "open" else now
    return replace(attempt, swept_from=now, next_sweep_at=min(at, attempt.next_sweep_at or at))


def swept_in_vain(
    attempt: Attempt, claimed_until: datetime, now: datetime, limits: CallLimits
) -> Attempt:
    """Nothing was found: on to the next sweep, unless one was asked for in the meantime."""
    if attempt.next_sweep_at != claimed_until:
        return attempt
    if attempt.state == "open" or attempt.swept_from is None:
        return replace(attempt, next_sweep_at=None)
    return replace(attempt, next_sweep_at=next_sweep_at(attempt.swept_from, now, limits))


def next_sweep_at(swept_from: datetime, now: datetime, limits: CallLimits) -> datetime | None:
    """The first moment of the schedule that lies ahead; ``None`` after the last."""
    return next((at for d in limits.sweep_delays if (at := swept_from + d) > now), None)


def _called(attempt: Attempt, now: datetime) -> Attempt:
    return replace(
        attempt,
        calls=attempt.calls + 1,
        first_called_at=attempt.first_called_at or now,
        call_started_at=now,
        not_found_since=None,
    )
