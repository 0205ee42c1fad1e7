"""The newest spans of traces, and a trace as rows of a waterfall."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

NS_PER_MS = 1_000_000
TRACE_SPANS_MAX = 2_000


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


@dataclass
class SpanRing:
    """The newest spans, by trace; the oldest leave when it is full."""

    spans_max: int
    _ring: deque[Span] = field(default_factory=deque)
    _traces: dict[str, list[Span]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._ring)

    def add(self, spans: Iterable[Span]) -> None:
        """Keep ``spans``; those of the longest trace beyond ``TRACE_SPANS_MAX`` are dropped."""
        for span in spans if self.spans_max else ():
            trace = self._traces.setdefault(span.trace_id, [])
            if len(trace) >= TRACE_SPANS_MAX:
                continue
            if len(self._ring) == self.spans_max:
                self._drop_oldest()
            self._ring.append(span)
            self._traces.setdefault(span.trace_id, trace).append(span)

    def trace(self, trace_id: str) -> list[Span]:
        """The spans of a trace as they began, each once; none when it is unknown or gone."""
        spans = {one.span_id: one for one in self._traces.get(trace_id, ())}
        return sorted(spans.values(), key=lambda one: one.start_ns)

    def _drop_oldest(self) -> None:
        oldest = self._ring.popleft()
        left = self._traces[oldest.trace_id]
        left.pop(0)
        if not left:
            del self._traces[oldest.trace_id]


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of the waterfall; ``left`` and ``width`` are parts of 1,000 of the whole trace."""

    span: Span
    depth: int
    left: int
    width: int
    begin_ms: float
    length_ms: float


def waterfall(spans: Iterable[Span]) -> list[Bar]:
    """Each span below its parent, siblings by their start. A span whose parent is not here is a
    root of its own.
    """
    ordered = sorted(spans, key=lambda one: (one.start_ns, one.span_id))
    if not ordered:
        return []
    first = ordered[0].start_ns
    whole = max(1, max(one.end_ns for one in ordered) - first)
    return [
        Bar(
            span=span,
            depth=depth,
            left=1000 * (span.start_ns - first) // whole,
            width=max(2, 1000 * (span.end_ns - span.start_ns) // whole),
            begin_ms=(span.start_ns - first) / NS_PER_MS,
            length_ms=(span.end_ns - span.start_ns) / NS_PER_MS,
        )
        for span, depth in _tree(ordered)
    ]


def _tree(ordered: Sequence[Span]) -> Iterator[tuple[Span, int]]:
    """Depth first, without recursion: a trace may be deeper than Python's stack."""
    known = {one.span_id for one in ordered}
    children: dict[str, list[Span]] = {}
    for one in ordered:
        has_parent = one.parent_id in known and one.parent_id != one.span_id
        children.setdefault(one.parent_id if has_parent else "", []).append(one)
    waiting = [(one, 0) for one in reversed(children.get("", ()))]
    while waiting:
        span, depth = waiting.pop()
        yield span, depth
        waiting.extend((one, depth + 1) for one in reversed(children.get(span.span_id, ())))
