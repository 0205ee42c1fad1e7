"""How long spans are kept, how they are read, and a trace as a waterfall."""

import gzip
from datetime import timedelta
from typing import Any

import pytest
from console import otlp
from console.domain.spans import Keeping, waterfall
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from shared.http.problem import Problem
from shared.observability.spans import Span

MS = 1_000_000


def span(span_id: str, parent_id: str = "", trace_id: str = "t", **more: Any) -> Span:
    given: dict[str, Any] = {"start_ns": 0, "end_ns": MS, "service": "orders", "kind": "internal"}
    return Span(trace_id, span_id, parent_id, f"span {span_id}", **{**given, **more})


@pytest.mark.parametrize(
    ("rows", "hours", "is_full"),
    [(0, 0, False), (99, 8.9, False), (100, 0, True), (0, 9, True)],
)
def test_a_slot_is_full_with_an_eighth_of_the_spans_or_of_the_time(
    rows: int, hours: float, is_full: bool
) -> None:
    keeping = Keeping(spans_max=800, keep=timedelta(hours=72))

    assert keeping.is_full(rows, timedelta(hours=hours)) == is_full


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
    one.span_id = b"\x02" * 8
    one.attributes.add(key="tries").value.int_value = 3
    one.status.code = 2

    [read] = otlp.read_request(request.SerializeToString())

    assert (read.service, read.name, read.trace_id, read.failed) == (
        *("payments", "charge", "01" * 16),
        True,
    )
    assert read.attributes == {"tries": "3"}


@pytest.mark.parametrize(("trace_bytes", "span_bytes"), [(0, 8), (15, 8), (17, 8), (16, 7)])
def test_a_span_whose_ids_are_none_is_left_out(trace_bytes: int, span_bytes: int) -> None:
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    spans.add(trace_id=b"1" * trace_bytes, span_id=b"1" * span_bytes)

    assert list(otlp.read_request(request.SerializeToString())) == []


def test_a_body_that_would_fill_the_memory_is_refused() -> None:
    assert otlp._unpacked(gzip.compress(b"spans")) == b"spans"
    with pytest.raises(Problem, match="limit"):
        otlp._unpacked(gzip.compress(b" " * (otlp.BYTES_MAX + 1)))
    with pytest.raises(Problem, match="gzip"):
        otlp._unpacked(b"no gzip")
