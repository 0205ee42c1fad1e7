"""A trace as text: each span below its parent, with its service and its milliseconds."""

from collections.abc import Iterable

from shared.observability.spans import NS_PER_MS, Span, tree

_INDENT = "  "


def render(spans: Iterable[Span]) -> str:
    """The tree, siblings by their start: begin after the first span, length, service and name.

    A span whose parent was not collected is a root of its own; more than one root is said in
    the first line.
    """
    rows = tree(spans)
    if not rows:
        return "no spans\n"
    first_ns = min(span.start_ns for span, _ in rows)
    width = max(len(_label(span, depth)) for span, depth in rows)
    lines = [_line(span, depth, first_ns, width) for span, depth in rows]
    roots = sum(depth == 0 for _, depth in rows)
    return "\n".join([*_remarks(roots), *lines]) + "\n"


def _remarks(roots: int) -> list[str]:
    if roots == 1:
        return []
    return [f"{roots} roots: the trace is torn, or spans are still on their way"]


def _line(span: Span, depth: int, first_ns: int, width: int) -> str:
    begin_ms = (span.start_ns - first_ns) / NS_PER_MS
    length_ms = (span.end_ns - span.start_ns) / NS_PER_MS
    failed = "  failed" if span.failed else ""
    return f"{_label(span, depth):<{width}}  +{begin_ms:8.1f} ms  {length_ms:8.1f} ms{failed}"


def _label(span: Span, depth: int) -> str:
    return f"{_INDENT * depth}{span.service}: {span.name}"
