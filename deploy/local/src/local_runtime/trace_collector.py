"""A small OTLP/HTTP receiver for traces: it keeps the newest spans and shows them by trace.

``python -m local_runtime.trace_collector --port N``, or ``trace_collector()`` in a process.
"""

import argparse
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field

from aiohttp import web
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2

from local_runtime.simulators import serving
from local_runtime.trace_tree import Span

SPANS_MAX = 50_000
BODY_BYTES_MAX = 16 * 1024 * 1024
PROTOBUF = "application/x-protobuf"


@dataclass
class SpanRing:
    """The newest spans, by trace; the oldest leave when it is full."""

    spans_max: int = SPANS_MAX
    _ring: deque[Span] = field(default_factory=deque)
    _traces: dict[str, list[Span]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._ring)

    def add(self, spans: Iterable[Span]) -> None:
        """Keep ``spans``; one that comes again is kept twice, as it was told."""
        for span in spans:
            if len(self._ring) == self.spans_max:
                self._drop_oldest()
            self._ring.append(span)
            self._traces.setdefault(span.trace_id, []).append(span)

    def trace(self, trace_id: str) -> list[Span]:
        """The spans of a trace in the order they began; none when it is unknown or gone."""
        return sorted(self._traces.get(trace_id, ()), key=lambda span: span.start_ns)

    def _drop_oldest(self) -> None:
        oldest = self._ring.popleft()
        left = self._traces[oldest.trace_id]
        left.pop(0)
        if not left:
            del self._traces[oldest.trace_id]


@dataclass(frozen=True)
class Collector:
    """A running receiver; ``url`` is what ``OTEL_EXPORTER_OTLP_ENDPOINT`` wants."""

    url: str
    spans: SpanRing


@asynccontextmanager
async def trace_collector(port: int = 0) -> AsyncIterator[Collector]:
    """Receive on the loopback address until the end; port 0 takes a free one."""
    ring = SpanRing()
    async with serving.serving(_application(ring), port) as url:
        yield Collector(url, ring)


def read_request(body: bytes) -> Iterator[Span]:
    """The spans of an OTLP export request. Raises ``DecodeError`` when it is none."""
    request = ExportTraceServiceRequest()
    request.ParseFromString(body)
    for resource in request.resource_spans:
        service = _attributes(resource.resource.attributes).get("service.name", "unknown")
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield _span(span, service)


def _span(span: trace_pb2.Span, service: str) -> Span:
    return Span(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        name=span.name,
        service=service,
        kind=trace_pb2.Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        failed=span.status.code == trace_pb2.Status.STATUS_CODE_ERROR,
        attributes=_attributes(span.attributes),
        links=tuple(link.trace_id.hex() for link in span.links),
    )


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, str]:
    return {pair.key: _text(pair.value) for pair in pairs}


def _text(value: AnyValue) -> str:
    kind = value.WhichOneof("value")
    return "" if kind is None else str(getattr(value, kind))


def _application(ring: SpanRing) -> web.Application:
    async def receive(request: web.Request) -> web.Response:
        if request.content_type != PROTOBUF:
            raise web.HTTPUnsupportedMediaType(text=f"only {PROTOBUF}")
        try:
            ring.add(list(read_request(await request.read())))
        except (DecodeError, ValueError) as error:
            raise web.HTTPBadRequest(text="no export request") from error
        answer = ExportTraceServiceResponse().SerializeToString()
        return web.Response(body=answer, content_type=PROTOBUF)

    async def show(request: web.Request) -> web.Response:
        found = ring.trace(request.match_info["trace_id"])
        return web.json_response({"spans": [asdict(span) for span in found]})

    application = web.Application(client_max_size=BODY_BYTES_MAX)
    application.add_routes(
        [
            web.post("/v1/traces", receive),
            web.get("/traces/{trace_id}", show),
            web.get("/health/live", serving.live),
            web.get("/health/ready", serving.ready),
        ]
    )
    return application


async def _serve(port: int) -> None:
    stopped = serving.stop_event()
    async with trace_collector(port) as collector:
        print(f"trace collector on {collector.url}", flush=True)
        await stopped.wait()


def main() -> None:
    """The process: until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="trace_collector", description="Keeps OTLP traces")
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one")
    serving.run(_serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
