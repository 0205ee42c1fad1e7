"""The dispatcher: fans the log out to endpoints, and sends what is due to those it serves."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from shared.database import Db
from shared.database.transient import is_transient
from shared.group_commit import GroupCommit
from shared.idle import Idle
from shared.observability.telling import tell, tell_where
from shared.pace import Pace
from shared.service import Running

from notifications.pacing import INTERVAL_S_MIN
from notifications.partners import metrics
from notifications.partners.lane import Lane
from notifications.partners.outward import Outward
from notifications.partners.recording import Outcome, recorder
from notifications.partners.sending import attempt
from notifications.partners.signing import Vault
from notifications.partners.store import deliveries, endpoints
from notifications.partners.store.deliveries import Due
from shared import crash

FAN_OUT_EVENTS_MAX = 50
LEASE = timedelta(seconds=15)
RENEW_S = 5.0
CLAIMS_MAX = 200
LANES_MAX = 5_000
PACE_ENOUGH = 20
RECORDS_MAX = 200
DRAIN_S = 2.5
FAILED_REST_S = 1.0

log = structlog.get_logger(__name__)


@dataclass
class Dispatcher:
    """``run`` it until cancelled. ``slots`` calls at a time, a quarter for whom nobody trusts.

    Each endpoint is called by one instance, the one whose token its row has: so its rate, its
    window and the turns of an order's events need no other lock. An instance that dies loses its
    endpoints after ``LEASE``, and what it was sending is sent again under the same id.
    """

    running: Running
    outward: Outward
    vault: Vault
    owner: str
    slots: int
    spread: Callable[[], float] = random.random
    _lanes: dict[UUID, Lane] = field(default_factory=dict)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)
    _idle: Idle = field(default_factory=Idle)
    _pace: Pace = field(default_factory=lambda: Pace(PACE_ENOUGH, INTERVAL_S_MIN))
    _renew_at: float = 0.0
    _is_started: bool = False
    _records: GroupCommit[Outcome, bool] = field(init=False)

    def __post_init__(self) -> None:
        self._records = GroupCommit(recorder(self.running), RECORDS_MAX)

    @property
    def interval_s(self) -> float:
        """How far apart rounds begin: no endpoint gets less than its rate because of it."""
        return min([INTERVAL_S_MIN, *(lane.turn_s for lane in self._lanes.values())])

    def wake(self) -> None:
        """The log has grown, or a call has ended."""
        self._idle.wake()

    async def run(self) -> None:
        """Look again and again; what passes by itself is retried."""
        try:
            while True:
                await self._pace.rest()
                self._idle.looking()
                self._pace.begin()
                moved = await self._look()
                self._pace.interval_s_min = self.interval_s
                self._pace.end(moved)
                if not moved:
                    await self._idle.rest()
        finally:
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=DRAIN_S)
            for task in self._tasks:
                task.cancel()

    async def _look(self) -> int:
        try:
            return await self.round()
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("dispatch-retried", error=str(error)[:200])
            return 0

    async def round(self) -> int:
        """Fan out, take endpoints, send; gives how much there was to do."""
        async with self.running.pool.acquire() as db:
            is_behind, is_pending = await deliveries.news(db)
        if self._is_started and not (is_behind or is_pending or self._lanes):
            return 0
        moved = await self._fan_out() if is_behind else 0
        async with self.running.pool.acquire() as db:
            now = await self.running.clock.now(db)
            if not self._is_started:
                await endpoints.release_own(db, self.owner)
                self._is_started = True
            await self._keep(db, now)
            wanted = min(CLAIMS_MAX, LANES_MAX - len(self._lanes))
            for served in await endpoints.claim(db, self.owner, now, LEASE, wanted):
                self._lanes[served.token] = Lane.of(served, self._now_s())
            # By id: a lane that a call's end moves from one kind to the other is looked at twice.
            found = {one.delivery_id: one for one in await self._due(db, now, trusted=True)}
            found |= {one.delivery_id: one for one in await self._due(db, now)}
        for due in found.values():
            self._send(due, now)
        return moved + len(found)

    async def settled(self) -> None:
        """Wait for the calls that are under way."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _fan_out(self) -> int:
        async with self.running.pool.acquire() as db, db.transaction():
            await endpoints.lock_deliveries(db, shared=False)
            now = await self.running.clock.now(db)
            return await deliveries.fan_out(db, FAN_OUT_EVENTS_MAX, now)

    async def _keep(self, db: Db, now: datetime) -> None:
        """Renew what is in use, let go of what is not, forget what was lost."""
        now_s = self._now_s()
        if now_s < self._renew_at:
            return
        self._renew_at = now_s + RENEW_S
        idle = {token for token, lane in self._lanes.items() if lane.is_idle(now_s)}
        if idle:
            await endpoints.release(db, idle)
        used = [token for token in self._lanes if token not in idle]
        kept = await endpoints.renew(db, used, now, LEASE) if used else set()
        self._lanes = {token: lane for token, lane in self._lanes.items() if token in kept}

    async def _due(self, db: Db, now: datetime, *, trusted: bool = False) -> list[Due]:
        """What may begin now in the slots of one kind; whoever was served longest ago first."""
        reserved = max(1, self.slots // 4)
        lanes = [lane for lane in self._lanes.values() if lane.trusted == trusted]
        free = self.slots - reserved if trusted else reserved
        free -= sum(len(lane.under_way) for lane in lanes)
        now_s = self._now_s()
        lanes.sort(key=lambda lane: lane.used_at)
        rooms = [(lane.token, room) for lane in lanes if (room := lane.room(now_s))]
        if free <= 0 or not rooms:
            return []
        under_way = [one for lane in lanes for one in lane.under_way]
        return await deliveries.due(db, rooms, under_way, now, free)

    def _send(self, due: Due, now: datetime) -> None:
        lane = self._lanes[due.token]
        lane.follow(due.endpoint.rate_per_s, due.endpoint.concurrency_max)
        lane.begin(due.delivery_id, self._now_s())
        task = asyncio.create_task(self._deliver(lane, due, now))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, lane: Lane, due: Due, now: datetime) -> None:
        """One attempt and its record; what is not recorded is due as before, and sent again."""
        received, duration_s = False, 0.0
        try:
            crash.point("webhook.before_call")
            exchange, verdict, attempted = await attempt(
                self.outward, self.vault, due, now, self.spread()
            )
            crash.point("webhook.after_call")
            received, duration_s = exchange.answer.received, exchange.duration_s
            metrics.counted(exchange)
            await self._records.take(Outcome(attempted, verdict, due.endpoint.failing_since))
        except Exception as error:
            # It is due as it was: without a rest it would be tried again at once, for ever.
            lane.rests_until = self._now_s() + FAILED_REST_S
            log.warning(
                "webhook-not-recorded",
                delivery_id=due.delivery_id,
                error=tell(error),
                where=None if is_transient(error) else tell_where(error),
            )
        finally:
            lane.end(
                due.delivery_id,
                received=received,
                duration_s=duration_s,
                now_s=self._now_s(),
            )
            self.wake()

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time()
