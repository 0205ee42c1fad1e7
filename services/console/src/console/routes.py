"""The console's routes: pages, their streams, actions, files, and where traces are taken in."""

from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from shared.http.paging import CURSOR_LENGTH_MAX
from shared.http.problem import not_found
from shared.service import Running

from console import otlp
from console.backends import Backends
from console.board import Board
from console.pages import (
    actions,
    dead_letters,
    local,
    now,
    order,
    orders,
    partner_actions,
    partners,
    trace,
)
from console.render import HEADERS, STREAM_HEADERS, Document, PageRoute, draw, page
from console.settings import ConsoleSettings
from console.streams import Look

STATIC = {
    "console.css": "text/css",
    "console.js": "text/javascript",
    "icon.svg": "image/svg+xml",
    "vendor/htmx.min.js": "text/javascript",
    "vendor/hx-sse.min.js": "text/javascript",
}
DAY_S = 86_400
OrderId = Annotated[str, Path(min_length=1, max_length=128)]
Number = Annotated[int, Path(ge=0, le=2**63 - 1)]
Name = Annotated[str, Path(pattern=partners.NAME_PATTERN)]
EndpointId = Annotated[str, Path(pattern=partners.ID_PATTERN)]
Draw = Callable[[], Awaitable[str]]


def routes(
    running: Running, settings: ConsoleSettings, backends: Backends, board: Board
) -> list[APIRouter]:
    router = APIRouter(include_in_schema=False, route_class=PageRoute)
    _now(router, board)
    _orders(router, running, settings, backends, board)
    _dead_letters(router, running, backends, board)
    _partners(router, running, backends, board)
    _actions(router, running, backends, board)
    _local(router, running, settings, backends, board)
    _files(router)
    _traces(router, running, settings, board)
    return [router]


def _now(router: APIRouter, board: Board) -> None:
    @router.get("/")
    async def show(request: Request) -> Response:
        return page(request, "now.html", now.document(board))

    @router.get("/now/live")
    async def live() -> Response:
        async def drawn() -> str:
            return board.streams.shared("now", lambda: draw("now_live.html", now.document(board)))

        return _stream(board, drawn)

    @router.get("/system")
    async def system(request: Request) -> Response:
        return page(request, "system.html", now.system_document(board))

    @router.get("/system/live")
    async def system_live() -> Response:
        async def drawn() -> str:
            return board.streams.shared(
                "system", lambda: draw("system_live.html", now.system_document(board))
            )

        return _stream(board, drawn)


def _orders(
    router: APIRouter,
    running: Running,
    settings: ConsoleSettings,
    backends: Backends,
    board: Board,
) -> None:
    @router.get("/orders")
    async def find(request: Request, asked: Annotated[orders.Asked, Query()]) -> Response:
        found = await orders.document(running, settings, asked)
        return page(request, "orders.html", {**board.frame, **found})

    @router.get("/orders/{order_id}")
    async def show(request: Request, order_id: OrderId) -> Response:
        found = await order.document(running, backends, board, order_id)
        return page(request, "order.html", found)

    @router.get("/orders/{order_id}/live")
    async def live(order_id: OrderId) -> Response:
        async def look() -> tuple[Document, float]:
            return await order.look(running, backends, board, order_id)

        return _followed(board, order_id, look, "order_live.html")


def _traces(router: APIRouter, running: Running, settings: ConsoleSettings, board: Board) -> None:
    @router.get("/traces/{trace_id}")
    async def show(
        request: Request, trace_id: Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
    ) -> Response:
        return page(request, "trace.html", await trace.document(running, settings, board, trace_id))

    otlp.routes(router, running, keeps=settings.spans_max > 0)


def _dead_letters(router: APIRouter, running: Running, backends: Backends, board: Board) -> None:
    @router.get("/dead-letters")
    async def find(
        request: Request,
        service: Annotated[str, Query(max_length=40)] = "",
        reason: Annotated[str, Query(max_length=200)] = "",
        event_type: Annotated[str | None, Query(max_length=512, alias="type")] = None,
    ) -> Response:
        named = {name: one for name, one in (("service", service), ("reason", reason)) if one}
        wanted = named if event_type is None else {**named, "type": event_type}
        found = await dead_letters.document(running, backends, board, wanted)
        return page(request, "dead_letters.html", found)

    @router.get("/dead-letters/{service}/{parked_id}")
    async def show(request: Request, service: str, parked_id: Number) -> Response:
        if service not in backends.settings.services:
            raise not_found(f"No service {service[:40]!r}.")
        found = await dead_letters.one_document(running, backends, board, service, parked_id)
        return page(request, "dead_letter.html", found)

    @router.get("/jobs/live")
    async def live() -> Response:
        async def drawn() -> str:
            return draw("jobs.html", {"jobs": [one.told() for one in board.jobs.values()]})

        return _stream(board, drawn)


def _partners(router: APIRouter, running: Running, backends: Backends, board: Board) -> None:
    @router.get("/partners")
    async def find(
        request: Request, cursor: Annotated[str, Query(max_length=CURSOR_LENGTH_MAX)] = ""
    ) -> Response:
        found = await partners.document(running, backends, board, cursor)
        return page(request, "partners.html", found)

    @router.get("/partners/{name}")
    async def show(request: Request, name: Name) -> Response:
        found = await partners.one_document(running, backends, board, name)
        return page(request, "partner.html", found)

    @router.get("/partners/{name}/live")
    async def live(name: Name) -> Response:
        async def look() -> tuple[Document, float]:
            found = await partners.one_document(running, backends, board, name)
            return found, board.streams.again_s

        return _followed(board, f"partner {name}", look, "partner_live.html")

    @router.get("/partners/{name}/endpoints/{endpoint_id}")
    async def log(
        request: Request,
        name: Name,
        endpoint_id: EndpointId,
        asked: Annotated[partners.Asked, Query()],
    ) -> Response:
        place = partners.Place(name, endpoint_id)
        found = await partners.log_document(backends, board, place, asked)
        return page(request, "partner_endpoint.html", found)

    @router.get("/partners/{name}/endpoints/{endpoint_id}/deliveries/{delivery_id}")
    async def delivery(
        request: Request, name: Name, endpoint_id: EndpointId, delivery_id: Number
    ) -> Response:
        place = partners.Place(name, endpoint_id)
        found = await partners.delivery_document(backends, board, place, delivery_id)
        return page(request, "partner_delivery.html", found)

    @router.post("/actions/partners")
    async def do(
        request: Request, asked: Annotated[partner_actions.PartnerAct, Form()]
    ) -> Response:
        found = await partner_actions.act(running, backends, _operator(request), asked)
        board.streams.stir({f"partner {asked.partner}", asked.order_id})
        return _told(request, found)


def _actions(router: APIRouter, running: Running, backends: Backends, board: Board) -> None:
    @router.post("/actions")
    async def do(request: Request, asked: Annotated[actions.Act, Form()]) -> Response:
        found = await actions.act(running, backends, _operator(request), asked)
        board.streams.stir({asked.order_id})
        return _told(request, found)

    @router.post("/actions/groups")
    async def begin(request: Request, asked: Annotated[actions.Group, Form()]) -> Response:
        operator = _operator(request)
        job = await actions.redrive_group(running, backends, board, operator, asked)
        board.streams.stir(())
        return _told(request, {"ok": True, "says": f"Begun as {job.id}.", "job": job.id})

    @router.post("/actions/groups/{job_id}/stop")
    async def stop(request: Request, job_id: Annotated[str, Path(max_length=40)]) -> Response:
        job = board.jobs.get(job_id)
        if job is None:
            raise not_found(f"No redrive {job_id}.")
        job.stop(_operator(request))
        return _told(request, {"ok": True, "says": "It stops behind the key that is under way."})


def _local(
    router: APIRouter,
    running: Running,
    settings: ConsoleSettings,
    backends: Backends,
    board: Board,
) -> None:
    @router.get("/mailbox")
    async def mailbox(
        request: Request, order_id: Annotated[str, Query(max_length=128)] = ""
    ) -> Response:
        local.refuse_elsewhere(settings)
        return page(request, "mailbox.html", await local.mailbox(backends, board, order_id))

    @router.get("/faults")
    async def faults(request: Request) -> Response:
        local.refuse_elsewhere(settings)
        return page(request, "faults.html", await local.faults(backends, board))

    @router.post("/faults")
    async def set_fault(request: Request, asked: Annotated[local.Fault, Form()]) -> Response:
        local.refuse_elsewhere(settings)
        return _told(request, await local.set_fault(running, backends, _operator(request), asked))

    @router.get("/logs")
    async def logs(
        request: Request, q: Annotated[str, Query(max_length=128, pattern=r"^[\w-]*$")] = ""
    ) -> Response:
        local.refuse_elsewhere(settings)
        return page(request, "logs.html", await local.logs(settings, board, q))


def _files(router: APIRouter) -> None:
    @router.get("/static/{name:path}")
    async def file(name: str) -> Response:
        if name not in STATIC:
            raise not_found(f"No file {name[:100]!r}.")
        content = files("console").joinpath("static", *name.split("/")).read_bytes()
        headers = {**HEADERS, "Cache-Control": f"max-age={DAY_S}"}
        return Response(content, 200, headers, STATIC[name])


def _followed(board: Board, key: str, look: Look, template: str) -> Response:
    """A page of one thing, looked at and drawn once for all who follow it."""
    followed = board.streams.page(key, look, lambda: board.frame, lambda says: draw(template, says))
    return _stream(board, followed.draw, key)


def _stream(board: Board, drawn: Draw, key: str | None = None) -> Response:
    board.streams.refuse_too_many()
    stream = board.streams.follow(drawn, key)
    return StreamingResponse(stream, 200, STREAM_HEADERS, "text/event-stream")


def _told(request: Request, found: dict[str, Any]) -> Response:
    """A line beside the button, or a page of its own for a browser without scripts."""
    whole = "hx-request" not in request.headers
    shown = {"is_local": False, **found}
    return page(request, "told_page.html" if whole else "told.html", shown)


def _operator(request: Request) -> str:
    operator: str = request.scope.get("operator", "local")
    return operator
