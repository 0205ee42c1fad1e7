"""The log as partners read it: pages by cursor, which wait for what is still to come."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from shared.database import Db
from shared.http.paging import Filters, cursor_after, number_of_cursor
from shared.http.problem import Problem
from shared.service import Running

from notifications.partners.domain.log import LogEvent, Scope, body_for
from notifications.partners.store import log
from notifications.partners.store.log import Head
from notifications.partners.watch import LogWatch

# A page or a replay looks at so many positions at most, whoever's events they are; the next goes
# on from there.
POSITIONS_MAX = 10_000
PAGE_BYTES_MAX = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Question:
    """What ``scope`` covers of ``types``: after ``cursor``, since a time, or all that is kept."""

    scope: Scope
    types: Sequence[str]
    limit: int
    cursor: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Up to ``position`` the partner has all that it may see."""

    events: Sequence[LogEvent]
    position: int
    has_more: bool

    def json_bytes(self, scope: Scope) -> bytes:
        """``{"events", "next_cursor", "has_more"}``; events are as webhooks carry them."""
        events = b",".join(body_for(scope, one) for one in self.events)
        more = b"true" if self.has_more else b"false"
        cursor = cursor_of(self.position).encode()
        return b'{"events":[%b],"next_cursor":"%b","has_more":%b}' % (events, cursor, more)


def cursor_of(position: int) -> str:
    return cursor_after(str(position), {})


def position_of(cursor: str) -> int:
    """Raises ``Problem`` 400 for what is no cursor of ours."""
    return number_of(cursor, {}) or 0


def number_of(cursor: str | None, filters: Filters) -> int | None:
    """The number that a cursor stands for. Raises ``Problem`` 400 for what is none of ours."""
    return number_of_cursor(cursor, filters)


async def read_page(running: Running, watch: LogWatch, question: Question, wait_s: float) -> Page:
    """The next page; an empty one waits up to ``wait_s`` seconds for something to come.

    Raises ``Problem`` 400 for a cursor of another log, 410 when what follows it was dropped.
    """
    give_up_at = asyncio.get_running_loop().time() + wait_s
    after: int | None = None
    while True:
        page = await _read(running, question, after)
        left_s = give_up_at - asyncio.get_running_loop().time()
        if page.events or page.has_more or left_s <= 0 or not watch.has_room:
            return page
        after = page.position
        await watch.until_behind(after, left_s)


async def _read(running: Running, question: Question, after: int | None) -> Page:
    """What follows ``after``, or without it what the question begins with."""
    async with running.pool.acquire() as db:
        head = await log.head(db)
        if after is None:
            after = await _first_position(db, question, head)
        until = min(head.position, after + POSITIONS_MAX)
        found = await log.read(db, question.scope, question.types, after, until, question.limit)
    events = _within_bytes(found)
    if len(events) < len(found) or len(found) == question.limit:
        until = events[-1].position
    return Page(events, until, until < head.position)


async def _first_position(db: Db, question: Question, head: Head) -> int:
    """After which position the question begins."""
    if question.cursor is not None:
        after = position_of(question.cursor)
        if after > head.position:
            raise _unknown_cursor()
        if after < head.oldest - 1:
            raise Problem(
                410,
                "cursor-expired",
                "What follows this cursor is kept no more; read on without one.",
                earliest_cursor=cursor_of(head.oldest - 1),
            )
        return after
    if question.since is not None:
        return max(head.oldest - 1, await log.position_before(db, question.since))
    return head.oldest - 1


def _within_bytes(found: Sequence[LogEvent]) -> Sequence[LogEvent]:
    """At least one, and as many as stay below ``PAGE_BYTES_MAX``."""
    size = 0
    for n, one in enumerate(found):
        size += len(one.data)
        if n and size > PAGE_BYTES_MAX:
            return found[:n]
    return found


def narrowed(question: Question, types: Sequence[str] | None) -> Question:
    """The same for fewer types."""
    return question if types is None else replace(question, types=tuple(types))


def _unknown_cursor() -> Problem:
    return Problem(400, "invalid-cursor", "Send a next_cursor as it was given.")
