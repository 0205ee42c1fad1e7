"""The newest spans of traces, and a trace as rows of a waterfall."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from shared.observability.spans import NS_PER_MS, Span, tree

TRACE_SPANS_MAX = 2_000


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
    """The rows of a trace, each span below its parent."""
    rows = tree(spans)
    if not rows:
        return []
    first = min(one.start_ns for one, _ in rows)
    whole = max(1, max(one.end_ns for one, _ in rows) - first)
    return [
        Bar(
            span=span,
            depth=depth,
            left=1000 * (span.start_ns - first) // whole,
            width=max(2, 1000 * (span.end_ns - span.start_ns) // whole),
            begin_ms=(span.start_ns - first) / NS_PER_MS,
            length_ms=(span.end_ns - span.start_ns) / NS_PER_MS,
        )
        for span, depth in rows
    ]
