"""How many spans are kept and for how long, and a trace as rows of a waterfall."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from shared.observability.spans import NS_PER_MS, Span, tree

SLOTS = 8
TRACE_SPANS_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Keeping:
    """At most ``spans_max``, none of them longer than ``keep``."""

    spans_max: int
    keep: timedelta

    def is_full(self, rows: int, age: timedelta) -> bool:
        """Whether a slot of so many rows, opened so long ago, is to be followed by the next.

        All slots but one are full, and the oldest is emptied before it is filled anew.
        """
        return rows * SLOTS >= self.spans_max or age * SLOTS >= self.keep


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
