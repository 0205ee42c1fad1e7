"""When a delivery is tried again, and when no more: ten attempts over three days."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

# The schedule that Standard Webhooks 1.0 gives as its example, each from the attempt before.
DELAYS = tuple(
    timedelta(seconds=seconds)
    for seconds in (0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
ATTEMPTS_MAX = len(DELAYS)
# It only adds, so that an outage of three days ends before the attempts do.
SPREAD_MAX = 0.1
RETRY_AFTER_MAX = timedelta(hours=24)
DISABLED_AFTER = timedelta(hours=120)
GONE = 410
ASKED_TO_WAIT = frozenset({429, 503})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a status, or without one the ``error`` that prevented it."""

    status: int | None
    error: str | None = None
    retry_after: timedelta | None = None

    @property
    def received(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Delivered:
    """The partner has it."""


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Not before ``at``; the endpoint itself asked for peace until ``paused_until``."""

    at: datetime
    paused_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class GivenUp:
    """It is not tried again unless somebody asks for it; ``gone`` ends the endpoint too."""

    gone: bool = False


Verdict: TypeAlias = Delivered | TryAgain | GivenUp


def judge(answer: Answer, attempts: int, now: datetime, spread: float) -> Verdict:
    """What becomes of a delivery after its ``attempts``-th attempt; ``spread`` is from 0 to 1.

    Anything but 2xx is a failure, redirects too. 410 says that nobody wants any more of it
    (Standard Webhooks 1.0, "Success and failure"); 429 and 503 may say when to come again
    (RFC 9110, 10.2.3).
    """
    if answer.received:
        return Delivered()
    if answer.status == GONE:
        return GivenUp(gone=True)
    if attempts >= ATTEMPTS_MAX:
        return GivenUp()
    at = now + DELAYS[attempts] * (1 + SPREAD_MAX * spread)
    if answer.status not in ASKED_TO_WAIT or answer.retry_after is None:
        return TryAgain(at)
    asked = now + min(answer.retry_after, RETRY_AFTER_MAX)
    return TryAgain(max(at, asked), paused_until=asked)


def is_given_up(failing_since: datetime | None, now: datetime) -> bool:
    """Whether an endpoint has answered nothing well for so long that it is disabled."""
    return failing_since is not None and now - failing_since >= DISABLED_AFTER
