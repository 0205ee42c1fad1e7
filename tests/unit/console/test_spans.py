"""The newest spans by trace, and a trace as a waterfall."""

import gzip
from typing import Any

import pytest
from console import otlp
from console.domain.spans import TRACE_SPANS_MAX, SpanRing, waterfall
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from shared.http.problem import Problem
from shared.observability.spans import Span

MS = 1_000_000


def span(span_id: str, parent_id: str = "", trace_id: str = "t", **more: Any) -> Span:
    given: dict[str, Any] = {"start_ns": 0, "end_ns": MS, "service": "orders", "kind": "internal"}
    return Span(trace_id, span_id, parent_id, f"span {span_id}", **{**given, **more})


def test_the_oldest_leave_when_it_is_full() -> None:
    ring = SpanRing(2)
    ring.add([span("1", trace_id="a"), span("2", trace_id="b"), span("3", trace_id="b")])

    assert ring.trace("a") == []
    assert [one.span_id for one in ring.trace("b")] == ["2", "3"]
    assert len(ring) == 2


def test_a_trace_without_end_fills_nothing() -> None:
    ring = SpanRing(10 * TRACE_SPANS_MAX)
    ring.add(span(str(n)) for n in range(TRACE_SPANS_MAX + 5))

    assert len(ring) == len(ring.trace("t")) == TRACE_SPANS_MAX


def test_a_ring_of_nothing_takes_nothing() -> None:
    ring = SpanRing(0)
    ring.add([span("1")])

    assert (len(ring), ring.trace("t")) == (0, [])


def test_a_span_that_comes_again_is_shown_once() -> None:
    ring = SpanRing(10)
    ring.add([span("1"), span("1")])

    assert len(ring.trace("t")) == 1


def test_each_span_is_below_its_parent_and_as_long_as_it_took() -> None:
    bars = waterfall(
        [
            span("child", "root", start_ns=50 * MS, end_ns=100 * MS),
            span("root", end_ns=100 * MS),
            span("first", "root", start_ns=10 * MS, end_ns=10 * MS),
            span("alone", "elsewhere", start_ns=90 * MS, end_ns=100 * MS),
        ]
    )

    assert [(one.span.span_id, one.depth, one.left, one.width) for one in bars] == [
        ("root", 0, 0, 1000),
        ("first", 1, 100, 2),
        ("child", 1, 500, 500),
        ("alone", 0, 900, 100),
    ]
    assert waterfall([]) == []


def test_a_span_that_is_its_own_parent_and_a_very_deep_trace_end_too() -> None:
    deep = [span(str(n), str(n - 1) if n else "0", start_ns=n) for n in range(5_000)]

    assert [one.depth for one in waterfall(deep)] == list(range(5_000))


def test_an_export_request_is_read() -> None:
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    named = resource.resource.attributes.add(key="service.name")
    named.value.string_value = "payments"
    one = resource.scope_spans.add().spans.add(name="charge", trace_id=b"\x01" * 16)
    one.attributes.add(key="tries").value.int_value = 3
    one.status.code = 2

    [read] = otlp.read_request(request.SerializeToString())

    assert (read.service, read.name, read.trace_id, read.failed) == (
        *("payments", "charge", "01" * 16),
        True,
    )
    assert read.attributes == {"tries": "3"}


def test_a_body_that_would_fill_the_memory_is_refused() -> None:
    assert otlp._unpacked(gzip.compress(b"spans")) == b"spans"
    with pytest.raises(Problem, match="limit"):
        otlp._unpacked(gzip.compress(b" " * (otlp.BYTES_MAX + 1)))
    with pytest.raises(Problem, match="gzip"):
        otlp._unpacked(b"no gzip")
