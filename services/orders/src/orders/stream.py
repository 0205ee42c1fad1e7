"""An order's changes as server-sent events (WHATWG HTML, 9.2), fed by the one watcher."""

import json
from collections.abc import AsyncIterator
from time import monotonic
from typing import Any

from asyncpg import Record
from fastapi.sse import format_sse_event
from shared.service import Running
from starlette.responses import StreamingResponse

from orders import store
from orders.domain.order import is_terminal, summary_of
from orders.views import change
from orders.waiting import Waiting

HEARTBEAT_S = 15.0
STREAM_S_MAX = 3600.0  # The client comes again, to whichever instance has room.
EVENT = "status"


class EventStream(StreamingResponse):
    """FastAPI's own class of this kind takes the route for a generator, which refuses nothing."""

    media_type = "text/event-stream"


def is_over(shown: dict[str, Any], version: int) -> bool:
    """Whether who knows ``version`` of the order knows all that will be told."""
    return bool(is_terminal(shown["status"])) and shown["version"] <= version


async def event_stream(
    running: Running, waiting: Waiting, order_id: str, version: int
) -> AsyncIterator[bytes]:
    """Every change after ``version``, then those to come, until the order is at its end."""
    give_up_at = monotonic() + STREAM_S_MAX
    with waiting.stream():
        while monotonic() < give_up_at:
            async with running.pool.acquire() as db:
                rows = await store.timeline(db, order_id, version)
            for row in rows:
                yield _event(row)
            if rows:
                version = rows[-1]["version"]
                if is_terminal(summary_of(rows[-1]["status"], rows[-1]["fulfilment"])):
                    return
            if not await _changes(waiting, order_id, version):
                yield format_sse_event(comment="still here")


async def _changes(waiting: Waiting, order_id: str, known: int) -> bool:
    return await waiting.until(order_id, lambda _, version: version > known, HEARTBEAT_S)


def _event(row: Record) -> bytes:
    data = json.dumps(change(row), ensure_ascii=False)
    return format_sse_event(data_str=data, event=EVENT, id=str(row["version"]))
