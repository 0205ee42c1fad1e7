"""One FastAPI application per service: its routes, health, ops and documents."""

from collections.abc import Sequence
from html import escape
from typing import Any

from fastapi import APIRouter, FastAPI, HTTPException, Response
from faststream.kafka import KafkaBroker
from faststream.specification import AsyncAPI
from opentelemetry.trace import SpanKind
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http import problem
from shared.observability import tracing

BODY_BYTES_MAX = 256 * 1024
PATH_BYTES_MAX = 1024
UNTRACED = ("/health", "/metrics", "/docs", "/openapi.json", "/asyncapi.json", "/ops")


class Traced:
    """A server span for each request, below the caller's context when it sent one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(UNTRACED):
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        parent = headers.get(b"traceparent", b"").decode("latin-1")
        method = scope["method"]
        with tracing.span(method, SpanKind.SERVER, parent, {"http.request.method": method}) as span:
            scope["traceparent"] = tracing.current_traceparent()
            await self._app(scope, receive, send)
            if route := scope.get("route"):
                span.update_name(f"{method} {route.path}")
                span.set_attribute("http.route", route.path)


class Limited:
    """Refuses a URL that no route can mean, and cuts a body off at ``BODY_BYTES_MAX``."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if refused := _refuse_url(scope):
            await refused.response()(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > BODY_BYTES_MAX:
                # FastAPI lets no other error of a body through.
                raise HTTPException(413, f"The limit is {BODY_BYTES_MAX} bytes.")
            return message

        await self._app(scope, counted, send)


def _refuse_url(scope: Scope) -> problem.Problem | None:
    """PostgreSQL stores no NUL, and indexes no path without end."""
    if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
        return problem.Problem(400, "malformed-url", "The URL holds NUL.")
    if len(scope["path"].encode()) > PATH_BYTES_MAX:
        detail = f"The limit of a path is {PATH_BYTES_MAX} bytes."
        return problem.Problem(414, "url-too-long", detail)
    return None


def new_app(name: str, routers: Sequence[APIRouter], broker: KafkaBroker) -> FastAPI:
    """The application; its documents load nothing from elsewhere."""
    app = FastAPI(
        title=f"orderproof {name}",
        version="1",
        docs_url=None,
        redoc_url=None,
        telemetry={"tracing": False},
    )
    app.add_middleware(Limited)
    app.add_middleware(Traced)
    problem.install(app)
    for router in routers:
        app.include_router(router)
    app.include_router(_documents(app, name, broker))
    return app


def asyncapi_of(name: str, broker: KafkaBroker) -> dict[str, Any]:
    """The AsyncAPI 3 document of what this service reads and publishes."""
    document: dict[str, Any] = (
        AsyncAPI(broker, title=f"orderproof {name}", version="1", schema_version="3.0.0")
        .to_specification()
        .to_jsonable()
    )
    return document


def _documents(app: FastAPI, name: str, broker: KafkaBroker) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/asyncapi.json")
    async def asyncapi() -> dict[str, Any]:
        return asyncapi_of(name, broker)

    @router.get("/docs")
    async def docs() -> Response:
        return Response(_page(name, app.openapi()), media_type="text/html")

    return router


def _page(name: str, openapi: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{method.upper()}</code></td><td><code>{escape(path)}</code></td>"
        f"<td>{escape(one.get('description') or one.get('summary', ''))}</td></tr>"
        for path, methods in sorted(openapi["paths"].items())
        for method, one in methods.items()
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f"<title>orderproof {escape(name)}</title>"
        "<style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui;margin:2rem auto;"
        "max-width:60rem;padding:0 1rem}td{padding:.3rem 1rem .3rem 0;vertical-align:top}</style>"
        f"<h1>{escape(name)}</h1><p>Machine-readable: <a href='/openapi.json'>OpenAPI</a>, "
        f"<a href='/asyncapi.json'>AsyncAPI</a>.</p><table>{rows}</table></html>"
    )
