"""HTTP: the provider's own events, signed, each once in effect."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel
from shared.group_commit import GroupCommit
from shared.http.problem import Problem, not_found, unavailable
from shared.messaging.unit_of_work import CONNECTION_WAIT_S
from shared.service import Running
from shared.turns import TurnNotCome

from payments import metrics
from payments.domain.heard import Outcome
from payments.hearing import Sender, Taken, badly_signed, take_in
from payments.store import NewEvent
from payments.webhooks import Operation, Signed, verified

BODY_BYTES_MAX = 64 * 1024
EVENTS_AT_ONCE_MAX = 200
GROUP_LOCK_WAIT_MS = 500
TURN_WAIT_S = 10.0  # Senders of webhooks give up after 15 s or more.

log = structlog.get_logger(__name__)


class EventView(BaseModel):
    """What became of the event. ``asked``: the provider is asked about the operation now;
    ``known``: it was settled before; ``ignored``: a kind that means nothing here;
    ``unaccounted``: about an operation we do not know, kept for the comparison with the
    provider's list."""

    event_id: str
    outcome: Outcome


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

    async def commit(signed: Sequence[Signed], alone: bool) -> list[Taken | Problem]:
        async with running.transactions.answering() as work:
            if not alone:
                await work.db.execute(f"SET LOCAL lock_timeout = {GROUP_LOCK_WAIT_MS}")
            return await take_in(work, sender, signed)

    events = GroupCommit(commit, EVENTS_AT_ONCE_MAX)

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
            raise badly_signed(provider)
        # Copies that come at once follow each other, and each finds what became of the first.
        try:
            async with running.transactions.turns.take((provider, signed.event_id), TURN_WAIT_S):
                taken = await events.take(signed, CONNECTION_WAIT_S)
        except TurnNotCome:
            raise unavailable("The same event is still being taken in.") from None
        if isinstance(taken, Problem):
            raise taken
        event, first = taken
        if first and event.outcome == "asked":
            wake()
        _tell(event, first)
        response.status_code = 202 if event.outcome == "unaccounted" else 200
        return EventView(event_id=event.event_id, outcome=event.outcome)

    return routes


async def _body(request: Request) -> bytes:
    body = await request.body()
    if len(body) > BODY_BYTES_MAX:
        raise Problem(413, "body-too-large", f"The limit is {BODY_BYTES_MAX} bytes.")
    return body


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
