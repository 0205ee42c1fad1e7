"""The collector takes what the OpenTelemetry exporter sends, and keeps a bounded number."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from local_runtime.trace_collector import PROTOBUF, Collector, SpanRing, trace_collector
from local_runtime.trace_tree import Span, render
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with trace_collector() as running:
        yield running


def span(trace_id: str, span_id: str, start_ns: int = 0) -> Span:
    return Span(trace_id, span_id, "", "name", "orders", "internal", start_ns, start_ns + 1)


def export_two_spans(url: str, compression: Compression) -> str:
    exporter = OTLPSpanExporter(f"{url}/v1/traces", compression=compression)
    provider = TracerProvider(resource=Resource.create({"service.name": "orders"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    with (
        tracer.start_as_current_span("outer", attributes={"tries": 2}) as outer,
        tracer.start_as_current_span("inner"),
    ):
        pass
    provider.shutdown()
    return f"{outer.get_span_context().trace_id:032x}"


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip])
async def test_what_the_exporter_sends_is_kept(
    collector: Collector, compression: Compression
) -> None:
    trace_id = await asyncio.to_thread(export_two_spans, collector.url, compression)

    outer, inner = collector.spans.trace(trace_id)
    assert (outer.name, outer.service, outer.parent_id) == ("outer", "orders", "")
    assert outer.attributes["tries"] == "2"
    assert inner.parent_id == outer.span_id
    assert render([outer, inner]).startswith("orders: outer")


async def test_a_trace_is_shown_as_json(collector: Collector) -> None:
    collector.spans.add([span("t1", "b", 2), span("t1", "a", 1), span("t2", "c")])
    async with aiohttp.ClientSession() as http:
        answer = await http.get(f"{collector.url}/traces/t1")
        shown = await answer.json()
        ready = await http.get(f"{collector.url}/health/ready")

    assert [one["span_id"] for one in shown["spans"]] == ["a", "b"]
    assert ready.status == 200


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [(PROTOBUF, b"\xff\xff", 400), ("application/json", b"{}", 415)],
)
async def test_what_is_no_export_request_is_refused(
    collector: Collector, content_type: str, body: bytes, status: int
) -> None:
    async with aiohttp.ClientSession() as http:
        answer = await http.post(
            f"{collector.url}/v1/traces", data=body, headers={"Content-Type": content_type}
        )

    assert answer.status == status
    assert len(collector.spans) == 0


def test_the_oldest_span_leaves_a_full_ring() -> None:
    ring = SpanRing(spans_max=2)
    ring.add([span("t1", "a"), span("t2", "b")])
    assert [one.span_id for one in ring.trace("t1")] == ["a"]

    ring.add([span("t2", "c")])
    assert len(ring) == 2
    assert ring.trace("t1") == []
    assert [one.span_id for one in ring.trace("t2")] == ["b", "c"]
