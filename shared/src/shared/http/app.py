"""One FastAPI application per service: its routes, health, ops and documents."""

from collections.abc import Callable, Sequence

from fastapi import APIRouter, FastAPI
from faststream.kafka import KafkaBroker
from opentelemetry.trace import SpanKind
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.http import problem
from shared.http.documents import document_routes
from shared.http.guards import BODY_BYTES_MAX, Bounded, Guarded, Limited
from shared.http.openapi import DocumentedApp
from shared.http.rate_limit import RateLimited
from shared.observability import tracing
from shared.settings import ServiceSettings

CORS_MAX_AGE_S = 600
CORS_REQUEST_HEADERS = ("Content-Type", "Idempotency-Key", "If-Match", "Last-Event-ID")
CORS_ANSWER_HEADERS = (
    "ETag",
    "Idempotency-Replayed",
    "Link",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
)
UNTRACED = ("/health", "/metrics", "/docs", "/openapi.json", "/asyncapi.json", "/ops", "/v1/traces")


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


def new_app(
    name: str,
    settings: ServiceSettings,
    routers: Sequence[APIRouter],
    broker: KafkaBroker,
    guards: Sequence[Callable[[ASGIApp], ASGIApp]] = (),
    body_bytes_max: int = BODY_BYTES_MAX,
) -> FastAPI:
    """The application; its documents load nothing from elsewhere."""
    app = DocumentedApp(
        title=f"orderproof {name}",
        version="1",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False},
    )
    _guard(app, settings, body_bytes_max)
    for guard in guards:
        app.add_middleware(guard)
    problem.install(app)
    for router in routers:
        app.include_router(router)
    app.include_router(document_routes(app, name, broker))
    return app


def _guard(app: FastAPI, settings: ServiceSettings, body_bytes_max: int) -> None:
    """What every request passes; the last one added is the first one passed."""
    app.add_middleware(Limited, bytes_max=body_bytes_max)
    app.add_middleware(Guarded)
    app.add_middleware(Bounded, writes_max=settings.http_writes_max)
    if settings.http_requests_per_minute_per_instance_max:
        app.add_middleware(
            RateLimited, requests_max=settings.http_requests_per_minute_per_instance_max
        )
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=("GET", "POST"),
            allow_headers=CORS_REQUEST_HEADERS,
            expose_headers=CORS_ANSWER_HEADERS,
            max_age=CORS_MAX_AGE_S,
        )
    app.add_middleware(Traced)
