"""What the provider tells by itself -> kept once, and its operations are due to be asked about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import blake2b
from typing import NamedTuple

from pydantic import ValidationError
from shared.http.problem import Problem, validation_failed
from shared.messaging.unit_of_work import Rank

from payments import metrics, store
from payments.domain.attempts import AttemptKey, heard_of
from payments.domain.heard import KnownAttempt, Outcome, outcome_of
from payments.store import NewEvent
from payments.unit_of_work import PaymentsWork
from payments.webhooks import Kind, Signed, Told, read


@dataclass(frozen=True, slots=True)
class Sender:
    """A provider whose events are taken in, and every key that it may sign with now.

    What it did is in its list ``settle`` later at the latest.
    """

    name: str
    keys: Sequence[bytes]
    settle: timedelta


class Taken(NamedTuple):
    """What became of the event, and whether it had not come before."""

    event: NewEvent
    first: bool


class _Judged(NamedTuple):
    """What to keep of an event, and the attempt that it is about."""

    event: NewEvent
    about: AttemptKey | None


async def take_in(
    work: PaymentsWork, sender: Sender, signed: Sequence[Signed]
) -> list[Taken | Problem]:
    """Keep events with ids of their own, and make their operations due to be asked about.

    Those that came before change nothing; one that nothing of ours explains makes the comparison
    due. A ``Problem`` for an event: 401 when it is not in time, 400 or 422 for its body, 422 when
    its id came with another one.
    """
    judged = await _judge(work, sender, signed)
    readable = [one for one in judged if isinstance(one, _Judged)]
    if not readable:
        return [one for one in judged if isinstance(one, Problem)]
    work.lock(Rank.UNIQUE_KEYS)
    new = await store.claim_events(work.db, [one.event for one in readable], work.now)
    seen = [one.event.event_id for one in readable if one.event.event_id not in new]
    before = await store.kept_events(work.db, sender.name, seen)
    fresh = [one for one in readable if one.event.event_id in new]
    if any(one.event.outcome == "unaccounted" for one in fresh):
        await store.hurry_comparison(work.db, sender.name, work.now + sender.settle)
    await _ask(work, [one.about for one in fresh if one.about and one.event.outcome == "asked"])
    return [one if isinstance(one, Problem) else _taken(one.event, before) for one in judged]


async def _judge(
    work: PaymentsWork, sender: Sender, signed: Sequence[Signed]
) -> list[_Judged | Problem]:
    told = [_read(one) if one.in_time(work.now) else badly_signed(sender.name) for one in signed]
    keys = [one.data.operation.key for one in told if isinstance(one, Told)]
    known = await store.attempts_known(work.db, keys)
    return [
        one if isinstance(one, Problem) else _judged(sender.name, event, one, known)
        for event, one in zip(signed, told, strict=True)
    ]


def _judged(
    provider: str, signed: Signed, told: Told | Kind, known: Mapping[str, KnownAttempt]
) -> _Judged:
    digest = blake2b(signed.body, digest_size=16).digest()
    if isinstance(told, Kind):
        return _Judged(NewEvent(provider, signed.event_id, digest, told.type, "ignored"), None)
    about = told.data.operation
    attempt = known.get(about.key)
    event = NewEvent(
        provider,
        signed.event_id,
        digest,
        told.type,
        outcome_of(told.type, about.charge_id, attempt),
        about.key,
        about.charge_id,
        about.order_id,
    )
    return _Judged(event, attempt.key if attempt else None)


async def _ask(work: PaymentsWork, about: Sequence[AttemptKey]) -> None:
    if not about:
        return
    await work.lock_orders({one.order_id for one in about})
    await work.load_attempts(set(about))
    for key in about:
        work.keep(work.rows[key.order_id], heard_of(work.attempts[key], work.now))


def _taken(event: NewEvent, before: Mapping[str, tuple[bytes, Outcome]]) -> Taken | Problem:
    if event.event_id not in before:
        return Taken(event, first=True)
    digest, outcome = before[event.event_id]
    if digest != event.hash:
        return Problem(422, "event-id-reused", "This webhook-id came with another body.")
    return Taken(replace(event, outcome=outcome), first=False)


def _read(signed: Signed) -> Told | Kind | Problem:
    try:
        return read(signed.body)
    except ValidationError as error:
        if any(one["type"] == "json_invalid" for one in error.errors(include_input=False)):
            return Problem(400, "malformed-json", "The body is not JSON.")
        return validation_failed(error)


def badly_signed(provider: str) -> Problem:
    """One answer for every reason, so that it teaches nobody how to sign."""
    metrics.PROVIDER_EVENTS.labels(provider, "refused").inc()
    return Problem(401, "webhook-signature-invalid", "The signature does not hold.")
