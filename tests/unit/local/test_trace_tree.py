"""A trace reads as a tree, and says so when it is torn."""

from local_runtime.trace_tree import render
from shared.observability.spans import Span, roots_of

MS = 1_000_000


def span(
    span_id: str, parent_id: str = "", *, start_ms: int = 0, end_ms: int = 1, failed: bool = False
) -> Span:
    return Span(
        trace_id="t",
        span_id=span_id,
        parent_id=parent_id,
        name=f"do {span_id}",
        service="orders",
        kind="internal",
        start_ns=start_ms * MS,
        end_ns=end_ms * MS,
        failed=failed,
    )


def labels(text: str) -> list[str]:
    return [line.split("  +")[0].rstrip() for line in text.splitlines()]


def test_a_child_stands_below_its_parent_and_siblings_by_their_start() -> None:
    text = render(
        [
            span("c", "a", start_ms=2),
            span("b", "a", start_ms=1),
            span("d", "b", start_ms=3),
            span("a"),
        ]
    )

    assert labels(text) == [
        "orders: do a",
        "  orders: do b",
        "    orders: do d",
        "  orders: do c",
    ]


def test_a_line_has_begin_and_length_in_milliseconds() -> None:
    text = render([span("a", start_ms=10, end_ms=25), span("b", "a", start_ms=12, end_ms=15)])

    assert text.splitlines() == [
        "orders: do a    +     0.0 ms      15.0 ms",
        "  orders: do b  +     2.0 ms       3.0 ms",
    ]


def test_a_single_root_is_not_remarked_on() -> None:
    assert "roots" not in render([span("a"), span("b", "a")])


def test_more_than_one_root_is_said_first() -> None:
    text = render([span("a"), span("b", "missing", start_ms=1)])

    assert text.splitlines()[0].startswith("2 roots:")
    assert [one.span_id for one in roots_of([span("a"), span("b", "missing")])] == ["a", "b"]


def test_a_span_that_came_twice_stands_once() -> None:
    assert labels(render([span("a"), span("b", "a"), span("b", "a")])) == [
        "orders: do a",
        "  orders: do b",
    ]


def test_a_span_that_is_its_own_parent_is_a_root() -> None:
    assert labels(render([span("a", "a")])) == ["orders: do a"]


def test_a_failure_is_marked() -> None:
    assert render([span("a", failed=True)]).endswith("failed\n")


def test_a_very_deep_trace_is_shown() -> None:
    deep = [span(str(n), str(n - 1) if n else "", start_ms=n) for n in range(2_000)]

    assert len(render(deep).splitlines()) == 2_000


def test_no_spans_are_no_tree() -> None:
    assert render([]) == "no spans\n"
