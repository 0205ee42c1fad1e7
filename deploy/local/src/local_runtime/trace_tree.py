"""A trace as text: each span below its parent, with its service and its milliseconds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

NS_PER_MS = 1_000_000
_INDENT = "  "


@dataclass(frozen=True, slots=True)
class Span:
    """Ids are lower-case hexadecimal; ``parent_id`` is empty for a root."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    service: str
    kind: str
    start_ns: int
    end_ns: int
    failed: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict)
    links: tuple[str, ...] = ()


def render(spans: Iterable[Span]) -> str:
    """The tree, siblings by their start: begin after the first span, length, service and name.

    A span whose parent was not collected is a root of its own; more than one root is said in
    the first line.
    """
    unique = sorted({one.span_id: one for one in spans}.values(), key=_begin)
    if not unique:
        return "no spans\n"
    first_ns = unique[0].start_ns
    roots, children = _family(unique)
    rows = [row for root in roots for row in _rows(root, children)]
    width = max(len(_label(span, depth)) for span, depth in rows)
    lines = [_line(span, depth, first_ns, width) for span, depth in rows]
    return "\n".join([*_remarks(roots), *lines]) + "\n"


def roots_of(spans: Iterable[Span]) -> list[Span]:
    """The spans without a parent among ``spans``, by their start; one in a whole trace."""
    return _family(sorted({one.span_id: one for one in spans}.values(), key=_begin))[0]


def _family(spans: Sequence[Span]) -> tuple[list[Span], dict[str, list[Span]]]:
    known = {one.span_id for one in spans}
    children: dict[str, list[Span]] = {}
    roots: list[Span] = []
    for one in spans:
        if one.parent_id in known and one.parent_id != one.span_id:
            children.setdefault(one.parent_id, []).append(one)
        else:
            roots.append(one)
    return roots, children


def _rows(root: Span, children: Mapping[str, Sequence[Span]]) -> Iterable[tuple[Span, int]]:
    """Depth first, without recursion: a trace may be deeper than Python's stack."""
    waiting = [(root, 0)]
    while waiting:
        span, depth = waiting.pop()
        yield span, depth
        below = children.get(span.span_id, ())
        waiting.extend((child, depth + 1) for child in reversed(below))


def _remarks(roots: Sequence[Span]) -> list[str]:
    if len(roots) == 1:
        return []
    return [f"{len(roots)} roots: the trace is torn, or spans are still on their way"]


def _line(span: Span, depth: int, first_ns: int, width: int) -> str:
    begin_ms = (span.start_ns - first_ns) / NS_PER_MS
    length_ms = (span.end_ns - span.start_ns) / NS_PER_MS
    failed = "  failed" if span.failed else ""
    return f"{_label(span, depth):<{width}}  +{begin_ms:8.1f} ms  {length_ms:8.1f} ms{failed}"


def _label(span: Span, depth: int) -> str:
    return f"{_INDENT * depth}{span.service}: {span.name}"


def _begin(span: Span) -> tuple[int, str]:
    return span.start_ns, span.span_id
