"""The collector takes what the OpenTelemetry exporter sends, and keeps a bounded number."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from console.otlp import PROTOBUF
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from tests.support.trace_collector import Collector, trace_collector


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with trace_collector() as running:
        yield running


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
    assert collector.spans.traces == {}
