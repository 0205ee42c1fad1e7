"""A trace: every span that has come of it, below its parent."""

from collections.abc import Mapping
from typing import Any

from shared.observability.spans import tree
from shared.service import Running

from console import store
from console.board import Board
from console.domain.spans import Bar, waterfall
from console.settings import ConsoleSettings

ATTRIBUTES_MAX = 12


async def document(
    running: Running, settings: ConsoleSettings, board: Board, trace_id: str
) -> dict[str, Any]:
    """None of its spans may have come; that is no error, for they come when they are over."""
    async with running.pool.acquire() as db:
        kept = await store.spans_of(db, trace_id)
    spans = [one for one, _ in tree(kept)]
    return {
        **board.frame,
        "trace_id": trace_id,
        "trace_link": link(settings.trace_link, trace_id),
        "spans": spans,
        "trace": [shown(one) for one in waterfall(spans)],
    }


def link(template: str | None, trace_id: str | None) -> str | None:
    """The trace's page elsewhere, in Jaeger, Tempo or Zipkin as the template has it."""
    return template.replace("{trace_id}", trace_id) if template and trace_id else None


def shown(bar: Bar) -> Mapping[str, Any]:
    """A row of the waterfall; times are milliseconds since the trace began."""
    span = bar.span
    return {
        "service": span.service,
        "name": span.name,
        "kind": span.kind,
        "failed": span.failed,
        "depth": bar.depth,
        "left": bar.left,
        "width": bar.width,
        "begin_ms": round(bar.begin_ms, 2),
        "length_ms": round(bar.length_ms, 2),
        "attributes": dict(list(span.attributes.items())[:ATTRIBUTES_MAX]),
        "links": span.links,
    }
