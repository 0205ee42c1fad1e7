"""Reading orders: one, many, their history, and what becomes of them as it happens."""

from typing import Annotated, Any, Literal, TypeAlias

from fastapi import APIRouter, Header, Path, Query, Request, Response
from pydantic import BaseModel, Field
from shared.contracts.orders import Channel
from shared.contracts.storefront import Reference, Storable
from shared.database import Db
from shared.http.openapi import ENTITY_TAG, NEXT
from shared.http.paging import CURSOR_LENGTH_MAX, cursor_after, key_of_cursor, next_link
from shared.http.preconditions import IF_NONE_MATCH, not_modified, tag_of
from shared.http.problem import Problem, not_found
from shared.http.routes import JsonRoute, problems
from shared.service import Running

from orders import store
from orders.domain.order import is_decided, is_terminal
from orders.settings import OrdersSettings
from orders.shapes import OrdersView, OrderView, Summary, TimelineView
from orders.stream import EventStream, event_stream, is_over
from orders.views import as_json, as_order, transition, view
from orders.waiting import Waiting

WAIT_S_MAX = 30.0
PAGE_MAX = 200
VERSION_MAX = 2**31 - 1
STREAMS_RETRY_S = 5
UNKNOWN = problems(_404="not-found")

OrderId: TypeAlias = Annotated[str, Path(min_length=1, max_length=64)]
Goal: TypeAlias = Literal["decided", "terminal"]
Cursor: TypeAlias = Annotated[str, Field(max_length=CURSOR_LENGTH_MAX), Storable]


class OrderFilters(BaseModel):
    """What orders are listed by; all that is named must be true of an order."""

    status: Summary | None = None
    channel: Channel | None = None
    customer_id: Reference | None = None
    client_reference: Reference | None = None
    limit: Annotated[int, Field(ge=1, le=PAGE_MAX)] = 50
    cursor: Cursor | None = None

    def asked(self) -> dict[str, str | None]:
        """The filters, without where to go on."""
        return self.model_dump(exclude={"limit", "cursor"})


def reading_routes(running: Running, settings: OrdersSettings, waiting: Waiting) -> APIRouter:
    router = APIRouter(prefix="/v1/orders", tags=["orders"], route_class=JsonRoute)
    _one(router, running, waiting)
    _history(router, running, settings, waiting)
    _many(router, running)
    return router


def _one(router: APIRouter, running: Running, waiting: Waiting) -> None:
    @router.get(
        "/{order_id}",
        response_model=OrderView,
        responses={200: {"headers": ENTITY_TAG}, 304: {"description": "Not modified"}},
        openapi_extra=IF_NONE_MATCH | UNKNOWN,
    )
    async def get_order(
        order_id: OrderId,
        request: Request,
        wait_for: Goal | None = None,
        timeout_s: Annotated[float, Query(ge=0, le=WAIT_S_MAX)] = 10,
    ) -> Response:
        """The order; ``wait_for`` answers as soon as it is decided or terminal, or in time."""
        async with running.pool.acquire() as db:
            shown = await found(db, order_id)
        reached = is_terminal if wait_for == "terminal" else is_decided
        if wait_for is not None and not reached(shown["status"]) and waiting.has_room:
            await waiting.until(order_id, lambda status, _: reached(status), timeout_s)
            async with running.pool.acquire() as db:
                shown = await found(db, order_id)
        tag = tag_of(shown["version"])
        if not_modified(request, tag):
            return Response(status_code=304, headers={"ETag": tag})
        return as_order(shown)


def _history(
    router: APIRouter, running: Running, settings: OrdersSettings, waiting: Waiting
) -> None:
    @router.get("/{order_id}/timeline", response_model=TimelineView, openapi_extra=UNKNOWN)
    async def get_timeline(order_id: OrderId) -> Response:
        """Every transition with its time, its cause and the event that caused it."""
        async with running.pool.acquire() as db:
            rows = await store.timeline(db, order_id)
        if not rows:
            raise not_found(f"No order {order_id}.")
        return as_json({"order_id": order_id, "transitions": [transition(one) for one in rows]})

    @router.get(
        "/{order_id}/events",
        response_class=EventStream,
        responses={204: {"description": "Nothing more will come"}},
        openapi_extra=problems(_404="not-found", _503="too-many-streams"),
    )
    async def stream_events(
        order_id: OrderId, last_event_id: Annotated[int, Header(ge=0, le=VERSION_MAX)] = 0
    ) -> Response:
        """Every change as it happens: ``id`` is the version; the stream ends when all is over.

        ``Last-Event-ID`` resumes after a version. 204 tells that nothing more will come.
        """
        async with running.pool.acquire() as db:
            shown = await found(db, order_id)
        if is_over(shown, last_event_id):
            return Response(status_code=204)
        if waiting.streams >= settings.streams_max:
            raise Problem(
                503,
                "too-many-streams",
                "As many streams as may be are open; poll instead, or come again.",
                headers={"Retry-After": str(STREAMS_RETRY_S)},
            )
        return EventStream(
            event_stream(running, waiting, order_id, last_event_id),
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )


def _many(router: APIRouter, running: Running) -> None:
    @router.get(
        "",
        response_model=OrdersView,
        responses={200: {"headers": NEXT}},
        openapi_extra=problems(_400="invalid-cursor"),
    )
    async def list_orders(
        request: Request,
        filters: Annotated[OrderFilters, Query()],
    ) -> Response:
        """Orders, the newest first; ``next_cursor`` goes on where the page ended."""
        asked = filters.asked()
        after = key_of_cursor(filters.cursor, asked)
        limit = filters.limit
        async with running.pool.acquire() as db:
            ids = await store.page(db, asked, after, limit + 1)
            shown = [view(*one) for one in await store.find(db, ids[:limit])]
        if len(ids) <= limit:
            return as_json({"orders": shown, "next_cursor": None})
        cursor = cursor_after(ids[limit - 1], asked)
        link = next_link(request.url.path, asked, limit, cursor)
        return as_json({"orders": shown, "next_cursor": cursor}, Link=link)


async def found(db: Db, order_id: str) -> dict[str, Any]:
    """The order as the API shows it. Raises ``Problem`` 404."""
    orders = await store.find(db, [order_id])
    if not orders:
        raise not_found("There is no such order.")
    return view(*orders[0])
