"""What a trace must be: whole, of one root, and with everything below what caused it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from local_runtime.demo_narration import Root
from local_runtime.trace_tree import render
from shared.observability.spans import Span, roots_of

from tests.support.trace_collector import Spans
from tests.support.waiting import eventually

SENT_WITHIN_S = 15.0  # The services send their spans twice a second.

Path: TypeAlias = tuple[str, ...]
"""``service: name`` of spans, each the parent of the next."""


@dataclass(frozen=True)
class Caller:
    """Somebody outside who begins a trace with a span of their own."""

    spans: Spans
    root: Root = field(default_factory=Root)

    @property
    def traceparent(self) -> str:
        return self.root.traceparent

    @property
    def trace(self) -> list[Span]:
        """The caller's own span and all that the services have sent of its trace."""
        sent = self.spans.trace(self.root.trace_id)
        return [self.root.ended("buy"), *sent]

    async def sees(self, *paths: Path) -> list[Span]:
        """The trace once it has a span at the end of every path, and no span is an orphan."""

        async def look() -> bool:
            return not missing(self.trace, paths) and len(roots_of(self.trace)) == 1

        try:
            await eventually(look, "the whole trace", SENT_WITHIN_S)
        except AssertionError:
            raise AssertionError(
                f"no {missing(self.trace, paths)} in\n{render(self.trace)}"
            ) from None
        return self.trace


def missing(trace: Sequence[Span], paths: Sequence[Path]) -> list[Path]:
    """The paths of which no span is the end."""
    ancestries = [ancestry(one, trace) for one in trace]
    return [path for path in paths if not any(found[-len(path) :] == path for found in ancestries)]


def ancestry(span: Span, trace: Sequence[Span]) -> Path:
    """From the root, or the first parent that is unknown, down to ``span``."""
    known = {one.span_id: one for one in trace}
    names: list[str] = []
    at: Span | None = span
    while at is not None:
        names.append(f"{at.service}: {at.name}")
        at = known.get(at.parent_id)
    return tuple(reversed(names))
