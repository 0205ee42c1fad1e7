"""The spans of the demo's orders: the console has them, and gets the storefront's own."""

from dataclasses import dataclass

import aiohttp
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1 import trace_pb2
from shared.observability.spans import Span

PROTOBUF = "application/x-protobuf"


@dataclass(frozen=True)
class Traces:
    """What the console at ``url`` keeps of traces. Every call raises ``aiohttp.ClientError``."""

    http: aiohttp.ClientSession
    url: str

    async def trace(self, trace_id: str) -> list[Span]:
        """The spans that have come so far; none when none have."""
        query = {"format": "json"}
        async with self.http.get(f"{self.url}/traces/{trace_id}", params=query) as answer:
            answer.raise_for_status()
            return [Span(**one) for one in (await answer.json())["spans"]]

    async def add(self, span: Span) -> None:
        """Send a span of our own, as the services send theirs (OTLP/HTTP)."""
        headers = {"Content-Type": PROTOBUF}
        body = export_request(span).SerializeToString()
        async with self.http.post(f"{self.url}/v1/traces", data=body, headers=headers) as answer:
            answer.raise_for_status()


def export_request(span: Span) -> ExportTraceServiceRequest:
    """``span`` alone, of its service."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = span.service
    resource.scope_spans.add().spans.add(
        trace_id=bytes.fromhex(span.trace_id),
        span_id=bytes.fromhex(span.span_id),
        parent_span_id=bytes.fromhex(span.parent_id),
        name=span.name,
        kind=trace_pb2.Span.SpanKind.Value(f"SPAN_KIND_{span.kind.upper()}"),
        start_time_unix_nano=span.start_ns,
        end_time_unix_nano=span.end_ns,
    )
    return request
