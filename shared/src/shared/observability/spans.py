"""A trace's spans as they were sent, and the tree that they are."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

NS_PER_MS = 1_000_000


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


def tree(spans: Iterable[Span]) -> list[tuple[Span, int]]:
    """Each span once, below its parent, with its depth; siblings by their start.

    A span whose parent is not among ``spans`` is a root of its own.
    """
    roots, children = _family(spans)
    return [row for root in roots for row in _below(root, children)]


def roots_of(spans: Iterable[Span]) -> list[Span]:
    """The spans without a parent among ``spans``, by their start; one in a whole trace."""
    return _family(spans)[0]


def _family(spans: Iterable[Span]) -> tuple[list[Span], dict[str, list[Span]]]:
    unique = {one.span_id: one for one in spans}
    children: dict[str, list[Span]] = {}
    roots: list[Span] = []
    for one in sorted(unique.values(), key=lambda one: (one.start_ns, one.span_id)):
        if one.parent_id in unique and one.parent_id != one.span_id:
            children.setdefault(one.parent_id, []).append(one)
        else:
            roots.append(one)
    return roots, children


def _below(root: Span, children: Mapping[str, Sequence[Span]]) -> Iterator[tuple[Span, int]]:
    """Depth first, without recursion: a trace may be deeper than Python's stack."""
    waiting = [(root, 0)]
    while waiting:
        span, depth = waiting.pop()
        yield span, depth
        waiting.extend((one, depth + 1) for one in reversed(children.get(span.span_id, ())))
