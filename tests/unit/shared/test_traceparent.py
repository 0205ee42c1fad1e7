"""What counts as a trace context, what is kept of it, and where no span is below one."""

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from shared.observability import tracing

GOOD = f"00-{'a' * 32}-{'b' * 16}-01"
LEFT_OUT = f"00-{'c' * 32}-{'d' * 16}-00"


def test_a_context_is_read_and_written_as_it_was() -> None:
    context = tracing.parse_traceparent(GOOD)

    assert context is not None
    assert tracing.traceparent_of(context) == GOOD


@pytest.mark.parametrize("text", ["", GOOD + "\n", GOOD + "-more", GOOD[:-1], GOOD.upper()])
def test_anything_else_is_none(text: str) -> None:
    assert tracing.parse_traceparent(text) is None


def test_a_long_text_is_not_kept() -> None:
    tracing._parsed.cache_clear()

    tracing.parse_traceparent("a" * 1_000_000)

    assert tracing._parsed.cache_info().currsize == 0


@pytest.mark.parametrize("attributes", [None, {"n": 1}])
def test_below_a_context_that_is_not_sampled_it_is_carried_on_and_no_span_told(
    exported: InMemorySpanExporter, attributes: dict[str, int] | None
) -> None:
    with tracing.span("outer", SpanKind.INTERNAL, LEFT_OUT, attributes) as outer:
        outer.set_attribute("n", 2)
        assert tracing.current_traceparent() == LEFT_OUT
        with tracing.span("inner", SpanKind.CLIENT):
            assert tracing.current_traceparent() == LEFT_OUT
        assert tracing.current_traceparent() == LEFT_OUT

    assert tracing.current_traceparent() == ""
    assert exported.get_finished_spans() == ()


def test_a_context_that_is_not_sampled_ends_with_an_error_that_ends_its_span(
    exported: InMemorySpanExporter,
) -> None:
    with tracing.span("batch", SpanKind.CONSUMER, GOOD):
        around = tracing.current_traceparent()
        with pytest.raises(OSError), tracing.span("call", SpanKind.CLIENT, LEFT_OUT):
            raise OSError
        assert tracing.current_traceparent() == around

    (batch,) = exported.get_finished_spans()
    assert not batch.events


def test_below_a_sampled_context_each_span_is_told_under_the_one_around_it(
    exported: InMemorySpanExporter,
) -> None:
    with (
        tracing.span("outer", SpanKind.INTERNAL, GOOD, {"n": 1}) as outer,
        tracing.span("inner", SpanKind.CLIENT),
    ):
        pass

    inner, outer_told = exported.get_finished_spans()
    assert (inner.name, outer_told.name, outer_told.attributes) == ("inner", "outer", {"n": 1})
    assert inner.parent == outer.get_span_context()
    assert outer_told.parent == tracing.parse_traceparent(GOOD)


def test_what_is_within_a_context_is_told_under_it(exported: InMemorySpanExporter) -> None:
    with tracing.within(LEFT_OUT):
        assert tracing.current_traceparent() == LEFT_OUT

    assert tracing.current_traceparent() == ""
    assert exported.get_finished_spans() == ()
