"""HTTP: the provider's own events, signed, each once in effect."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ValidationError
from shared.http.problem import Problem, not_found, unavailable, validation_failed
from shared.messaging.unit_of_work import Rank, Transactions
from shared.observability import tracing
from shared.service import Running
from shared.turns import TurnNotCome

from payments import metrics, store
from payments.domain.attempts import AttemptKey, heard_of
from payments.domain.heard import Outcome, outcome_of
from payments.store import NewEvent
from payments.unit_of_work import PaymentsWork
from payments.webhooks import Kind, Operation, Signed, Told, read, verified

BODY_BYTES_MAX = 64 * 1024
TURN_WAIT_S = 10.0  # Senders of webhooks give up after 15 s or more.

log = structlog.get_logger(__name__)


class EventView(BaseModel):
    """What became of the event. ``asked``: the provider is asked about the operation now;
    ``known``: it was settled before; ``ignored``: a kind that means nothing here;
    ``unaccounted``: about an operation we do not know, kept for the comparison with the
    provider's list."""

    event_id: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Sender:
    """A provider whose events are taken in, and every key that it may sign with now.

    What it did is in its list ``settle`` later at the latest.
    """

    name: str
    keys: Sequence[bytes]
    settle: timedelta


# Without references: a document holds it as it is.
EVENT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type"],
    "properties": {
        "type": {"type": "string", "minLength": 1, "maxLength": 100},
        "data": {
            "type": "object",
            "description": "What events about charges have; of others it is not read",
            "properties": {"operation": Operation.model_json_schema()},
        },
    },
}
DOCUMENTED: dict[str, Any] = {
    "parameters": [
        {"in": "header", "name": name, "required": True, "schema": {"type": "string"}}
        for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
    ],
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": EVENT_SCHEMA}},
    },
}
REFUSALS: dict[int | str, dict[str, Any]] = {
    202: {"model": EventView, "description": "Kept: about an operation we do not know"},
    400: {"description": "`malformed-json`"},
    401: {"description": "`webhook-signature-invalid`, or more than five minutes old or early"},
    404: {"description": "No such provider sends events"},
    413: {"description": "`body-too-large`: more than 64 KiB"},
    422: {"description": "`validation-failed`, or `event-id-reused` with another body"},
}


def event_router(running: Running, sender: Sender, wake: Callable[[], None]) -> APIRouter:
    """The route of ``sender``'s events; ``wake`` is called when there is something to ask."""
    routes = APIRouter(prefix="/v1/provider-events", tags=["provider events"])

    @routes.post(
        "/{provider}", response_model=EventView, responses=REFUSALS, openapi_extra=DOCUMENTED
    )
    async def take_event(
        provider: Annotated[str, Path(max_length=40)], request: Request, response: Response
    ) -> EventView:
        """Take in an event signed as Standard Webhooks 1.0.0 says (`v1`).

        Each `webhook-id` has one effect, in whatever order, as often and as late as it comes.
        The event itself moves no money: the provider is asked at once about the operation it
        names, and that answer counts.
        """
        if provider != sender.name or not sender.keys:
            raise not_found("There is no such provider.")
        signed = verified(sender.keys, request.headers, await _body(request))
        if signed is None:
            raise _badly_signed(provider)
        event, first = await _taken_in(running.transactions, sender, signed)
        if first and event.outcome == "asked":
            wake()
        _tell(event, first)
        response.status_code = 202 if event.outcome == "unaccounted" else 200
        return EventView(event_id=event.event_id, outcome=event.outcome)

    return routes


async def _taken_in(
    transactions: Transactions[PaymentsWork], sender: Sender, signed: Signed
) -> tuple[NewEvent, bool]:
    """Copies that come at once follow each other and leave the connections to other requests."""
    try:
        async with (
            transactions.turns.take((sender.name, signed.event_id), TURN_WAIT_S),
            transactions.answering(tracing.current_traceparent()) as work,
        ):
            return await take_in(work, sender, signed)
    except TurnNotCome:
        raise unavailable("The same event is still being taken in.") from None


async def take_in(work: PaymentsWork, sender: Sender, signed: Signed) -> tuple[NewEvent, bool]:
    """Keep the event and make its operation due to be asked about, the first time it comes.

    One that nothing of ours explains makes the comparison due.
    Raises ``Problem``: 401 when it is not in time, 400 or 422 for its body, 422 when its id came
    with another one.
    """
    if not signed.in_time(work.now):
        raise _badly_signed(sender.name)
    told = _read(signed.body)
    event, attempt = await _judge(work, sender.name, signed, told)
    work.lock(Rank.UNIQUE_KEYS)
    if not await store.claim_event(work.db, event, work.now):
        digest, outcome = await store.kept_event(work.db, sender.name, event.event_id)
        if digest != event.hash:
            raise Problem(422, "event-id-reused", "This webhook-id came with another body.")
        return NewEvent(sender.name, event.event_id, digest, event.type, outcome), False
    if event.outcome == "unaccounted":
        await store.hurry_comparison(work.db, sender.name, work.now + sender.settle)
    if event.outcome == "asked" and attempt is not None:
        await work.lock_orders([attempt.order_id])
        await work.load_attempts([attempt])
        heard = heard_of(work.attempts[attempt], work.now)
        work.keep(work.rows[attempt.order_id], heard)
    return event, True


async def _judge(
    work: PaymentsWork, provider: str, signed: Signed, told: Told | Kind
) -> tuple[NewEvent, AttemptKey | None]:
    """What to keep of the event, and the attempt that it is about."""
    digest = blake2b(signed.body, digest_size=16).digest()
    if isinstance(told, Kind):
        return NewEvent(provider, signed.event_id, digest, told.type, "ignored"), None
    about = told.data.operation
    known = await store.attempt_known(work.db, about.key)
    event = NewEvent(
        provider,
        signed.event_id,
        digest,
        told.type,
        outcome_of(told.type, about.charge_id, known),
        about.key,
        about.charge_id,
        about.order_id,
    )
    return event, known.key if known else None


async def _body(request: Request) -> bytes:
    body = await request.body()
    if len(body) > BODY_BYTES_MAX:
        raise Problem(413, "body-too-large", f"The limit is {BODY_BYTES_MAX} bytes.")
    return body


def _read(body: bytes) -> Told | Kind:
    try:
        return read(body)
    except ValidationError as error:
        if any(one["type"] == "json_invalid" for one in error.errors(include_input=False)):
            raise Problem(400, "malformed-json", "The body is not JSON.") from None
        raise validation_failed(error) from None


def _badly_signed(provider: str) -> Problem:
    """One answer for every reason, so that it teaches nobody how to sign."""
    metrics.PROVIDER_EVENTS.labels(provider, "refused").inc()
    return Problem(401, "webhook-signature-invalid", "The signature does not hold.")


def _tell(event: NewEvent, first: bool) -> None:
    metrics.PROVIDER_EVENTS.labels(event.provider, event.outcome if first else "repeated").inc()
    if first and event.outcome == "unaccounted":
        log.error(
            "provider-event-unaccounted",
            event_id=event.event_id,
            type=event.type,
            order_id=event.order_id,
            provider_key=event.provider_key,
        )
