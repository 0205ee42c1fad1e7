"""Reading the log by cursor, and the schemas of what is in it."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import AfterValidator, BaseModel
from shared.http.paging import CURSOR_LENGTH_MAX
from shared.http.problem import Problem, not_found
from shared.http.routes import problems
from shared.service import Running

from notifications.partners.access import PARTNER_KEY, caller_of
from notifications.partners.domain.partner import NOT_GRANTED, Partner
from notifications.partners.domain.types import TYPES, known_type
from notifications.partners.http.moments import Moment
from notifications.partners.reading import Question, narrowed, read_page
from notifications.partners.watch import LogWatch

LIMIT_MAX = 500
WAIT_S_MAX = 30.0

Types = Annotated[
    list[Annotated[str, Query(max_length=80), AfterValidator(known_type)]] | None,
    Query(max_length=20),
]


class FulfilmentEventView(BaseModel):
    """As webhooks carry it. ``sequence`` counts an order's events 1, 2, 3 … without gaps."""

    id: str
    type: str
    timestamp: datetime
    order_id: str
    sequence: int
    data: dict[str, Any]


class FulfilmentEventsPage(BaseModel):
    """Keep ``next_cursor`` once the page is dealt with; it is there on every page."""

    events: list[FulfilmentEventView]
    next_cursor: str
    has_more: bool


def event_routes(running: Running, watch: LogWatch) -> Sequence[APIRouter]:
    """What a key with ``events:read`` may read; schemas are open to all."""
    router = APIRouter(tags=["partners"])

    async def reader(request: Request) -> Partner:
        return (await caller_of(running, request, "events:read")).partner

    @router.get(
        "/v1/fulfilment-events",
        response_model=FulfilmentEventsPage,
        dependencies=[PARTNER_KEY],
        openapi_extra=problems(
            _400="invalid-cursor",
            _401="invalid-token",
            _403="forbidden addresses-not-granted",
            _410="cursor-expired",
        ),
    )
    async def read_fulfilment_events(
        partner: Annotated[Partner, Depends(reader)],
        after: Annotated[str | None, Query(max_length=CURSOR_LENGTH_MAX)] = None,
        since: Moment | None = None,
        event_type: Types = None,
        limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = 100,
        wait_s: Annotated[float, Query(ge=0, le=WAIT_S_MAX)] = 0,
    ) -> Response:
        """The events after a cursor, or since a time, or all that are kept; ``wait_s`` waits."""
        if not all(partner.scope.allows(one) for one in event_type or ()):
            raise Problem(403, "addresses-not-granted", NOT_GRANTED)
        question = Question(partner.scope, partner.event_types, limit, after, since)
        page = await read_page(running, watch, narrowed(question, event_type), wait_s)
        return Response(page.json_bytes(partner.scope), media_type="application/json")

    @router.get("/schemas/{family}/{version}", openapi_extra=problems(_404="not-found"))
    async def read_schema(
        family: Annotated[str, Path(max_length=128)],
        version: Annotated[str, Path(max_length=16)],
    ) -> Response:
        """The JSON Schema (2020-12) of an event's data, by type and version: ``…/v1``."""
        event = TYPES.get(f"{family}.{version}")
        if event is None:
            raise not_found("There is no such type of event.")
        schema = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": f"urn:orderproof:schema:{family}.{version}",
            **event.model_json_schema(),
        }
        return Response(json.dumps(schema), media_type="application/schema+json")

    return [router]
