"""Admission: behind an outage, orders that have waited let those pass that are placed now."""

import asyncio
import contextlib
from datetime import datetime, timedelta
from functools import partial
from typing import ClassVar

from shared.contracts import topics
from shared.contracts.storefront import Submission
from shared.messaging import outbox
from shared.messaging.envelope import Record
from shared.service import Running

from orders import store
from orders.domain.order import Order, Status
from orders.work import OrdersWork

# Who waited longer than this hardly notices a little more; who did not would.
LATE_S, BEHIND_S = 5.0, 2.0
# So many orders are under way at a time, as long as some wait to be let in: enough for batches, and
# no queue for those that come now. A few of those that wait are always among them; while nobody
# comes now, as many as full batches need.
UNDER_WAY_MAX, LET_IN_MIN, ALONE_MAX = 128, 32, 256
# Who is not decided after so long waits for somebody else than us, and is not counted any more.
UNDER_WAY_S = 10.0
LOOK_S, IDLE_LOOK_S, COUNT_S = 0.5, 5.0, 1.0


class Admission:
    """Who is set aside, and how fast those are let in; an order has ``deadline_s`` to be decided.

    While Kafka is away orders pile up: in the outbox when they come by HTTP, with their
    storefronts when they come by Kafka. First come, first served would have those of the next
    minutes wait as long as these did. So these are set aside, in their order, and let in as fast
    as orders are decided (Yanacek, "Avoiding insurmountable queue backlogs", Amazon Builders'
    Library).
    """

    INTERVAL_S: ClassVar[float] = 0.1

    def __init__(self, deadline_s: float) -> None:
        self._deadline_s = deadline_s
        self._behind = False
        self._placed, self._aside = asyncio.Event(), asyncio.Event()
        self._under_way: dict[str, datetime] = {}
        self._let_in: set[str] = set()
        self._has_room, self._counted_at = False, -COUNT_S

    async def has_room(self, running: Running, orders_max: int) -> bool:
        """Whether at most so many orders are undecided; counted once a second, since many are many
        rows to look at.
        """
        now = asyncio.get_running_loop().time()
        if now >= self._counted_at + COUNT_S:
            async with running.pool.acquire() as db:
                self._has_room = not await store.has_more_pending(db, orders_max)
            self._counted_at = now
        return self._has_room

    def place(
        self, work: OrdersWork, submission: Submission, record: Record | None = None
    ) -> Order:
        """Place an order, aside if it has waited already, or would wait for Kafka here."""
        sent_s = _sent_s(record) if record is not None else 0.0
        aside = self._behind or 0 < sent_s < work.now.timestamp() - LATE_S
        order = work.place(submission, self._deadline_s, aside=aside)
        # A look that comes before the commit does not see the order, and rests.
        work.when_committed.append(partial(self._note, order, aside))
        return order

    def _note(self, order: Order, aside: bool) -> None:
        self._placed.set()
        if aside:
            self._aside.set()
        else:
            self._under_way[order.order_id] = order.placed_at

    async def look(self, running: Running) -> None:
        """Let in as many as there is room for, or rest while nobody is set aside."""
        self._placed.clear()
        self._aside.clear()
        async with running.pool.acquire() as db:
            now = await running.clock.now(db)
            waiting = await outbox.waiting(db, topics.ORDERS, now, BEHIND_S)
        self._behind = waiting.behind
        if waiting.aside_since is None:
            self._under_way.clear()
            await self._rest()
        else:
            # Whose time is half over is not held back any more: what is left of it is to decide in.
            half_over = (now - waiting.aside_since).total_seconds() > self._deadline_s / 2
            await self._let_some_in(running, now, LET_IN_MIN if half_over else 0)

    async def _rest(self) -> None:
        """Until somebody is set aside, or half a second after somebody was placed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(IDLE_LOOK_S):
                await self._placed.wait()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await self._aside.wait()

    async def _let_some_in(self, running: Running, now: datetime, at_least: int) -> None:
        since = now - timedelta(seconds=UNDER_WAY_S)
        known = dict(self._under_way)
        recent = [one for one, at in known.items() if at > since]
        # Of those placed now it is enough to know that there are many.
        asked = [one for one in recent if one not in self._let_in][-2 * UNDER_WAY_MAX :]
        asked += [one for one in recent if one in self._let_in]
        async with running.transactions.begin() as work:
            found = await store.summaries(work.db, asked)
            pending = {one["order_id"] for one in found if one["status"] == Status.PENDING}
            placed = len(pending - self._let_in)
            most = max(UNDER_WAY_MAX - placed, LET_IN_MIN) if placed else ALONE_MAX
            room = most - len(pending & self._let_in)
            let_in = await outbox.let_in(work.db, max(at_least, room), now)
            work.events_written += len(let_in)
        # Who was placed meanwhile stays.
        for one in known.keys() - pending:
            del self._under_way[one]
        self._under_way |= dict.fromkeys(let_in, now)
        self._let_in = (self._let_in & pending) | set(let_in)


def _sent_s(record: Record) -> float:
    """When it was sent or, if its storefront tells that it was earlier, placed; 0 if not known."""
    told = dict(record.headers).get("ce_time") or b""
    with contextlib.suppress(ValueError):
        at = datetime.fromisoformat(told.decode())
        # The beginning of 1970, or of all years, is what some call no time at all.
        if at.tzinfo is not None and at.timestamp() > 0:
            return min(record.timestamp_ms / 1000, at.timestamp())
    return record.timestamp_ms / 1000
