"""The unit of work: what one transaction locks, changes and tells."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any, ClassVar, Generic, NamedTuple, TypeAlias, TypeVar
from uuid import UUID, uuid4

import asyncpg
from asyncpg import Pool

from shared import crash
from shared.clock import Clock
from shared.contracts.event import Event
from shared.database import Db
from shared.database.writes import Writes
from shared.errors import LockOrderViolation
from shared.ids import new_id
from shared.messaging import outbox
from shared.messaging.envelope import Record, encode_headers, pack
from shared.messaging.order_table import OrderTable, Row
from shared.messaging.outbox import Outgoing
from shared.observability import tracing
from shared.turns import Turns
from shared.work import rows as work_rows
from shared.work.hand import Hand
from shared.work.rows import LeasedRow, NewWork

CONNECTION_WAIT_S = 1.0


class Rank(IntEnum):
    """The order in which every writer takes its locks; each rank once per transaction."""

    INBOX = 1
    PARKED_KEYS = 2
    UNIQUE_KEYS = 3
    ORDERS = 4
    STOCK = 5
    RECIPIENTS = 6
    WORK = 7
    LOG = 8


class Cause(NamedTuple):
    """What made an order's work happen: a trace context, an event's id, and how it came."""

    traceparent: str = ""
    event_id: str = ""
    record: Record | None = None


@dataclass(frozen=True, slots=True)
class Opening:
    """What a unit of work begins with: an open transaction, its time, and what it goes on in."""

    db: Db
    now: datetime
    traceparent: str = ""
    hand: Hand | None = None


class UnitOfWork(Generic[Row]):
    """One transaction's rows, events and work; the plumbing flushes and commits it.

    A service derives its own, names its ``table`` and adds what it locks beside the orders.
    What it asks for is leased from its birth while ``hand`` has room; without one, nothing is.
    """

    table: ClassVar[OrderTable[Any]]

    def __init__(self, opening: Opening) -> None:
        self.db = opening.db
        self.writes = Writes(opening.db)
        self.now = opening.now
        self.rows: dict[str, Row] = {}
        self.new_rows: dict[str, Row] = {}
        self.causes: Mapping[str, Cause] = {}
        self._traceparent = opening.traceparent
        self._hand = opening.hand
        self._rank = 0
        self._loaded: dict[str, Row] = {}
        self._sequences: dict[tuple[str, str], int] = {}
        self._told: set[str] = set()
        self.outgoing: list[Outgoing] = []
        self.work: list[NewWork] = []
        self.events_written = 0
        self.work_written = 0
        self.promised = 0
        self.leased: list[LeasedRow] = []
        self.waiting: set[str] = set()
        self._worked: set[str] = set()

    def lock(self, rank: Rank) -> None:
        """Say that ``rank`` is locked now. Raises ``LockOrderViolation`` if twice or backwards."""
        if rank <= self._rank:
            raise LockOrderViolation(f"{rank.name} asked for after rank {self._rank}")
        self._rank = rank

    async def claim(self, events: Sequence[Event]) -> Collection[str]:
        """Take the unique keys ``events`` need (rank 3); give the orders they are about.

        Who knows how those begin that are not here yet puts them all into ``new_rows``.
        """
        return {event.order_id for event in events}

    async def prepare(self, events: Sequence[Event]) -> None:
        """Lock what ``events`` need beside the orders' rows (rank 5), before the first round."""

    async def lock_orders(self, order_ids: Collection[str], *, known: bool = False) -> None:
        """Lock the orders' rows (rank 4) into ``rows``; an order without one stays missing.

        Where all are ``known`` to have one, none is begun, which saves a round trip.
        """
        self.lock(Rank.ORDERS)
        if known:
            locked = await self.table.lock_known(self.db, order_ids)
        else:
            locked = await self.table.lock(self.db, order_ids, self.new_rows)
        self.rows, self._sequences = locked
        self._loaded = dict(self.rows)

    def publish(self, event: Event, cause: str = "") -> None:
        """Tell ``event`` when this transaction commits, next in its order's sequence.

        ``cause`` is the trace context of an event told later than what caused it.
        """
        place = (event.topic, event.key)
        sequence = self._sequences[place] = self._sequences.get(place, 0) + 1
        self._told.add(event.key)
        cause = cause or self.cause(event.key)
        headers = encode_headers(event, new_id("evt"), self.now, sequence, cause)
        self.send(event.topic, event.key.encode(), pack(headers), event.model_dump_json().encode())

    def continue_sequence(self, topic: str, key: str, last: int) -> None:
        """Go on after ``last`` for a key that has no order row."""
        self._sequences[topic, key] = last

    def send(self, topic: str, key: bytes | None, headers: bytes, payload: bytes | None) -> None:
        """Put a record into the outbox as it is."""
        self.outgoing.append(Outgoing(topic, key, headers, payload))

    def add_work(
        self, order_id: str, kind: str, payload: Mapping[str, Any], delay_s: float = 0
    ) -> NewWork:
        """Ask for a call to the outside, after the order's earlier ones are done.

        It is leased from its birth, if this process has room and the order no earlier one.
        """
        due = self.now + timedelta(seconds=delay_s)
        token = None if order_id in self._worked or delay_s else self._promise()
        row = NewWork(order_id, kind, dict(payload), due, self.cause(order_id), token)
        self._worked.add(order_id)
        self.work.append(row)
        return row

    def leave_work(self) -> None:
        """What is asked for from here on is for whoever is free."""
        self._hand = None

    def _promise(self) -> UUID | None:
        """The token of a lease; none when there is no room."""
        if self._hand is None or not self._hand.promise():
            return None
        self.promised += 1
        return uuid4()

    def cause(self, key: str) -> str:
        """The trace context of what made this order's work happen."""
        told = self.cause_of(key).traceparent or self._traceparent
        return told or self._placed_in(key) or tracing.current_traceparent()

    def cause_of(self, key: str) -> Cause:
        """The event that made this order's work happen; nothing when it was no event."""
        return self.causes.get(key, Cause())

    async def save(self) -> None:
        """Put what the service changed beside its order rows into ``writes``, a statement each.

        May be called more than once in a transaction; write what changed since the last time.
        """

    async def flush(self) -> None:
        """Write rows with their sequences, what the service saves, events and work: all at once."""
        await self._write_rows()
        await self.save()
        if self.outgoing:
            await outbox.insert(self.writes, self.outgoing, self.now)
        if self.work and self._hand is not None:
            await work_rows.insert_for(self.writes, self.work, self.now, self._hand.lease)
        elif self.work:
            await work_rows.insert(self.writes, self.work, self.now)
        given = await self.writes.run()
        leased = work_rows.leased_at_birth(self.work, given)
        ours = {one.lease_token for one in leased}
        self.waiting |= {row.order_id for row in self.work if row.lease_token not in ours}
        self.leased += leased
        self.events_written += len(self.outgoing)
        self.work_written += len(self.work)
        self.outgoing, self.work = [], []

    def committed(self) -> None:
        """The transaction is in the database: count what it did."""

    def _placed_in(self, key: str) -> str:
        """The context kept with the order: what a timer does was asked for by nothing else."""
        row = self.rows.get(key)
        return "" if row is None else self.table.placed_in(row)

    async def _write_rows(self) -> None:
        new = [row for order_id, row in self.rows.items() if order_id not in self._loaded]
        changed = [
            row
            for order_id, row in self.rows.items()
            if order_id in self._loaded
            and (row is not self._loaded[order_id] or order_id in self._told)
        ]
        if new:
            await self.table.write(self.writes, new, self._sequences, new=True)
        if changed:
            await self.table.write(self.writes, changed, self._sequences, new=False)
        self._loaded, self._told = dict(self.rows), set()


Work = TypeVar("Work", bound=UnitOfWork[Any])
NewUnitOfWork: TypeAlias = Callable[[Opening], Work]


@dataclass
class Transactions(Generic[Work]):
    """Opens units of work; after a commit it wakes the relay and the worker.

    ``turns`` keep those apart who would only wait for each other in the database.
    """

    pool: Pool
    clock: Clock
    unit_of_work: NewUnitOfWork[Work]
    leads_relay: Callable[[], bool] = lambda: False
    on_events: list[Callable[[], None]] = field(default_factory=list)
    on_work: list[Callable[[], None]] = field(default_factory=list)
    turns: Turns = field(default_factory=Turns)
    hand: Hand | None = None

    def answering(self, traceparent: str = "") -> AbstractAsyncContextManager[Work]:
        """As ``begin``, for a request: who waits long for a connection had better come again."""
        return self.begin(traceparent, CONNECTION_WAIT_S)

    @asynccontextmanager
    async def begin(
        self, traceparent: str = "", wait_s: float | None = None
    ) -> AsyncIterator[Work]:
        """One READ COMMITTED transaction; it commits when the block ends without an error.

        Raises ``TimeoutError`` when no connection is free within ``wait_s``.
        """
        work: Work | None = None
        async with self.pool.acquire(timeout=wait_s) as db:
            try:
                async with db.transaction():
                    now = await self.clock.now(db)
                    work = self.unit_of_work(Opening(db, now, traceparent, self.hand))
                    yield work
                    await work.flush()
                    if work.events_written and not self.leads_relay():
                        await outbox.notify(db)
                    crash.point("before_commit")
            except BaseException as error:
                if isinstance(error, asyncpg.ReadOnlySQLTransactionError):
                    # A session stays as read-only as server or setting was when it began.
                    await self.pool.expire_connections()
                if work is not None and work.promised and self.hand is not None:
                    self.hand.forget(work.promised)
                raise
            self._wake(work)

    def made_due(self, orders: Collection[str]) -> None:
        """Rows of these orders may be taken up, which no unit of work has told of."""
        if self.hand is not None:
            self.hand.take((), 0, orders)

    def _wake(self, work: Work) -> None:
        work.committed()
        for wake in self.on_events if work.events_written else ():
            wake()
        if self.hand is not None and (work.promised or work.waiting):
            self.hand.take(work.leased, work.promised, work.waiting)
        for wake in self.on_work if work.work_written else ():
            wake()
