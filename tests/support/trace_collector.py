"""A small OTLP/HTTP receiver in the tests' own process: it keeps all spans by trace."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from console.otlp import PROTOBUF, read_request
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from local_runtime.simulators import serving
from shared.observability.spans import Span

BODY_BYTES_MAX = 16 * 1024 * 1024


@dataclass
class Spans:
    """All that has come, by trace."""

    traces: dict[str, list[Span]] = field(default_factory=dict)

    def add(self, spans: Iterable[Span]) -> None:
        for one in spans:
            self.traces.setdefault(one.trace_id, []).append(one)

    def trace(self, trace_id: str) -> list[Span]:
        """As they began, each once; none when none have come."""
        unique = {one.span_id: one for one in self.traces.get(trace_id, ())}
        return sorted(unique.values(), key=lambda one: one.start_ns)


@dataclass(frozen=True)
class Collector:
    """A running receiver; ``url`` is what ``OTEL_EXPORTER_OTLP_ENDPOINT`` wants."""

    url: str
    spans: Spans


@asynccontextmanager
async def trace_collector() -> AsyncIterator[Collector]:
    """Receive on a free port of the loopback address until the end."""
    spans = Spans()
    async with serving.serving(_application(spans), 0) as url:
        yield Collector(url, spans)


def _application(spans: Spans) -> web.Application:
    async def receive(request: web.Request) -> web.Response:
        if request.content_type != PROTOBUF:
            raise web.HTTPUnsupportedMediaType(text=f"only {PROTOBUF}")
        try:
            spans.add(list(read_request(await request.read())))
        except (DecodeError, ValueError) as error:
            raise web.HTTPBadRequest(text="no export request") from error
        return web.Response(body=b"", content_type=PROTOBUF)

    application = web.Application(client_max_size=BODY_BYTES_MAX)
    application.add_routes([web.post("/v1/traces", receive)])
    return application
