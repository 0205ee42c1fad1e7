"""A small OTLP/HTTP receiver in the tests' own process: it keeps the newest spans by trace."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web
from console.domain.spans import SpanRing
from console.otlp import PROTOBUF, read_request
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from local_runtime.simulators import serving

SPANS_MAX = 50_000
BODY_BYTES_MAX = 16 * 1024 * 1024


@dataclass(frozen=True)
class Collector:
    """A running receiver; ``url`` is what ``OTEL_EXPORTER_OTLP_ENDPOINT`` wants."""

    url: str
    spans: SpanRing


@asynccontextmanager
async def trace_collector() -> AsyncIterator[Collector]:
    """Receive on a free port of the loopback address until the end."""
    ring = SpanRing(SPANS_MAX)
    async with serving.serving(_application(ring), 0) as url:
        yield Collector(url, ring)


def _application(ring: SpanRing) -> web.Application:
    async def receive(request: web.Request) -> web.Response:
        if request.content_type != PROTOBUF:
            raise web.HTTPUnsupportedMediaType(text=f"only {PROTOBUF}")
        try:
            ring.add(list(read_request(await request.read())))
        except (DecodeError, ValueError) as error:
            raise web.HTTPBadRequest(text="no export request") from error
        return web.Response(body=b"", content_type=PROTOBUF)

    application = web.Application(client_max_size=BODY_BYTES_MAX)
    application.add_routes([web.post("/v1/traces", receive)])
    return application
