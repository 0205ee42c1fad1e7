"""The worker: leases as many due rows as it may have in hand, and performs each in a task."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog
from opentelemetry.trace import SpanKind

from shared.database import Db
from shared.database.transient import is_transient
from shared.idle import Idle
from shared.messaging.unit_of_work import Transactions
from shared.observability import metrics, tracing
from shared.observability.telling import tell
from shared.pace import Pace
from shared.work import rows
from shared.work.rows import Lease, LeasedRow
from shared.work.slots import Slots

Perform = Callable[[LeasedRow], Awaitable[None]]

PACE_ENOUGH = 20
RELEASE_RETRY_S = 0.2
RETRY_DELAYS_S = (0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0)

log = structlog.get_logger(__name__)


@dataclass
class Worker:
    """``perform`` makes the call and records its outcome under the row's lease token.

    ``perform`` takes a slot for its call; what it does not finish or postpone itself, because it
    raised, is postponed here. ``room`` says how many more may begin now, whatever slots are free.
    """

    transactions: Transactions[Any]
    owner: str
    perform: Perform
    slots: Slots
    lease_s: float
    room: Callable[[], int] | None = None
    progress_at: float = 0.0
    _tasks: dict["asyncio.Task[None]", LeasedRow] = field(default_factory=dict)
    _promised: int = 0
    _is_open: bool = False
    _lost_track: bool = False
    _more_is_due: bool = True
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _followed: set[str] = field(default_factory=set)
    _idle: Idle = field(default_factory=Idle)
    _pace: Pace = field(default_factory=lambda: Pace(PACE_ENOUGH))

    @property
    def lease(self) -> Lease:
        return Lease(self.owner, self.lease_s)

    def wake(self) -> None:
        self._idle.wake()

    def promise(self) -> bool:
        """Keep room for a row that is leased by the transaction it is made in."""
        if not self._is_open or self._free() <= 0:
            return False
        self._promised += 1
        return True

    def take(self, leased: Sequence[LeasedRow], promised: int, waiting: Collection[str]) -> None:
        """Perform what was made for us; what else was promised is not coming.

        Of the orders ``waiting`` there are more rows: at once, or after the one in hand.
        """
        self._promised -= promised
        self._changed.set()
        for row in leased:
            self._begin(row)
        in_hand = {row.order_id for row in self._tasks.values()}
        self._followed |= in_hand & {*waiting}
        if not in_hand.issuperset(waiting):
            self.wake()

    def forget(self, promised: int) -> None:
        """What a failed transaction promised may be leased to us all the same."""
        self._promised -= promised
        self._changed.set()
        self._lost_track = True
        self.wake()

    async def run(self) -> None:
        """Until cancelled; then the calls under way are waited for by ``drain``."""
        await self._release_own()
        self._is_open = True
        try:
            await self._lease_forever()
        finally:
            self._is_open = False

    async def _lease_forever(self) -> None:
        while True:
            await self._pace.rest()
            self._idle.looking()
            self._pace.begin()
            free = self._free()
            try:
                taken = await self._lease(free)
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("work-lease-failed", error=str(error))
                taken = 0
            self._more_is_due = taken >= free
            self._pace.end(taken)
            self.progress_at = asyncio.get_running_loop().time()
            # Who got less than was asked for has seen all that is due.
            if taken == 0 or taken < free or self._free() <= 0:
                await self._idle.rest()

    async def drain(self, timeout_s: float) -> None:
        """Wait for the calls under way, and for those promised to a transaction that is.

        A row still open is taken over after its lease.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self._tasks or self._promised:
                    self._changed.clear()
                    await self._changed.wait()
        for task in self._tasks:
            task.cancel()

    async def _release_own(self) -> None:
        while True:
            try:
                async with self.transactions.pool.acquire() as db:
                    await rows.release_own(db, self.owner)
                return
            except Exception as error:
                if not is_transient(error):
                    raise
                await asyncio.sleep(RELEASE_RETRY_S)

    def _free(self) -> int:
        free = self.slots.rows_max - len(self._tasks)
        return (min(free, self.room()) if self.room else free) - self._promised

    async def _lease(self, free: int) -> int:
        if free <= 0:
            return 0
        async with self.transactions.pool.acquire() as db:
            if self._lost_track and not self._promised:
                await self._release_lost(db)
            now = await self.transactions.clock.now(db)
            leased = await rows.lease(db, self.owner, free, now, self.lease_s)
        for row in leased:
            self._begin(row)
        # Of what others have made nobody has told us whether more of its order follows.
        self._followed |= {row.order_id for row in leased}
        return len(leased)

    async def _release_lost(self, db: Db) -> None:
        """Nothing is promised meanwhile, so what is leased to us and not in hand is nobody's."""
        self._is_open = False
        try:
            await rows.release_own(db, self.owner, [row.id for row in self._tasks.values()])
            self._lost_track = False
        finally:
            self._is_open = True

    def _begin(self, row: LeasedRow) -> None:
        task = asyncio.create_task(self._perform(row))
        self._tasks[task] = row
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        order_id = self._tasks.pop(task).order_id
        self._changed.set()
        if self._more_is_due or order_id in self._followed:
            self._followed.discard(order_id)
            self.wake()

    async def _perform(self, row: LeasedRow) -> None:
        attributes: tracing.Attributes = {
            "orderproof.order_id": row.order_id,
            "orderproof.attempt": row.attempts,
        }
        with tracing.span(f"work {row.kind}", SpanKind.INTERNAL, row.traceparent, attributes):
            try:
                await self.perform(row)
            except Exception as error:
                metrics.WORK_FAILED.labels(row.kind, type(error).__name__).inc()
                log.warning("work-failed", kind=row.kind, order_id=row.order_id, error=tell(error))
                await self._postpone(row, error)

    async def _postpone(self, row: LeasedRow, error: Exception) -> None:
        """Later, by its number of attempts; if even that fails, the lease runs out by itself."""
        delay_s = RETRY_DELAYS_S[min(row.attempts, len(RETRY_DELAYS_S)) - 1]
        try:
            async with self.transactions.pool.acquire() as db:
                now = await self.transactions.clock.now(db)
                await rows.postpone(db, row, now + timedelta(seconds=delay_s), tell(error))
        except Exception as second:
            log.warning("work-postpone-failed", order_id=row.order_id, error=str(second))
