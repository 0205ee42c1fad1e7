"""What one service has committed, held in memory: rows as its rules see them, and no SQL.

A transaction here is one step of the simulation: it reads what is committed, collects what it
would write, and all of it counts at once or never. Locks have nobody to wait for.
"""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from shared.messaging.order_table import OrderTable
from shared.messaging.outbox import Outgoing
from shared.messaging.parking import ParkedKey, ToPark
from shared.messaging.unit_of_work import NewUnitOfWork, Opening, Transactions, UnitOfWork
from shared.work.rows import NewWork, leased_at_birth

from shared import crash
from tests.simulation.seams import SimulatedClock, taken_back_unless_committed

Used: TypeAlias = tuple[str, type[Any], str]
"""A row of the orders' table that was used: status, fact, order id."""
Handled: TypeAlias = tuple[str, str, str, str]
"""An event that a group has applied: group, topic, key, and the event's id."""


@dataclass
class WorkRow:
    """A work row; ``token`` is the lease's, 0 when nobody holds it."""

    id: int
    new: NewWork
    not_before: datetime
    token: int = 0
    lease_until: datetime | None = None
    attempts: int = 0
    done: bool = False


@dataclass
class Held:
    """One service's committed rows. ``kept`` has what only this service keeps, by name."""

    rows: dict[str, Any] = field(default_factory=dict)
    sequences: dict[tuple[str, str], int] = field(default_factory=dict)
    outbox: dict[int, dict[str, Any]] = field(default_factory=dict)
    work: dict[int, WorkRow] = field(default_factory=dict)
    inbox: dict[tuple[str, Any], bytes] = field(default_factory=dict)
    parked: dict[tuple[str, ParkedKey], list[ToPark]] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)
    used: list[Used] = field(default_factory=list)
    handled: list[Handled] = field(default_factory=list)
    last_id: int = 0
    tokens: int = 0

    def next_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def tell(self, outgoing: Sequence[Outgoing]) -> None:
        for one in outgoing:
            place = self.next_id()
            self.outbox[place] = {
                "id": place,
                "topic": one.topic,
                "key": one.key,
                "headers": one.headers,
                "payload": one.payload,
            }

    def ask(
        self, work: Sequence[NewWork], open_before: Collection[str], until: datetime
    ) -> list[Any]:
        """Rows with a token are leased from their birth, unless their order has open ones.

        As the real statement it does not see what its transaction does to others, so these are
        the orders that had some ``open_before``. Gives ids and tokens of what is leased.
        """
        given: list[Any] = []
        for one in work:
            row = WorkRow(self.next_id(), one, one.not_before)
            if one.lease_token is not None and one.order_id not in open_before:
                row.token, row.lease_until, row.attempts = one.lease_token.int, until, 1
                given.append({"id": row.id, "lease_token": one.lease_token})
            self.work[row.id] = row
        return given

    def first_open(self) -> list[WorkRow]:
        """Of each order the oldest row that is not done; the others wait for it."""
        first: dict[str, WorkRow] = {}
        for row in self.work.values():
            if not row.done:
                first.setdefault(row.new.order_id, row)
        return list(first.values())

    def due(self, now: datetime) -> list[WorkRow]:
        """Rows that may be leased."""
        return [
            row
            for row in self.first_open()
            if row.not_before <= now and (row.lease_until is None or row.lease_until < now)
        ]


@dataclass
class Draft:
    """What stands where a transaction's connection does: reads go to ``held``, writes wait."""

    held: Held
    writes: list[Callable[[], Any]] = field(default_factory=list)

    def later(self, write: Callable[[], Any]) -> None:
        self.writes.append(write)

    def commit(self) -> None:
        for write in self.writes:
            write()


@dataclass(frozen=True)
class RowHolder:
    """Holds the rows of a real ``OrderTable``; ``fresh`` is a row with the table's defaults."""

    real: OrderTable[Any]
    fresh: Callable[[str], Any] | None = None

    def placed_in(self, row: Any) -> str:
        return self.real.placed_in(row)

    async def lock(
        self, db: Any, order_ids: Collection[str], new: Mapping[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[tuple[str, str], int]]:
        held: Held = db.held
        rows = {one: held.rows[one] for one in sorted(order_ids) if one in held.rows}
        if new:
            begun = {one: new[one] for one in sorted(order_ids) if one not in rows}
            db.later(lambda: held.rows.update(begun))
            rows |= begun
        if self.fresh is not None:
            rows |= {one: self.fresh(one) for one in sorted(order_ids) if one not in rows}
        places = [(topic, one) for one in rows for topic in self.real.sequences]
        return rows, {place: held.sequences.get(place, 0) for place in places}

    async def write(
        self, db: Any, rows: Sequence[Any], sequences: Mapping[tuple[str, str], int], *, new: bool
    ) -> None:
        written = {row.order_id: row for row in rows}
        counters = {place: n for place, n in sequences.items() if place[1] in written}
        db.later(lambda: db.held.rows.update(written))
        db.later(lambda: db.held.sequences.update(counters))


def draft_of(work: UnitOfWork[Any]) -> Draft:
    """What this unit of work has instead of a connection."""
    draft: Any = work.db
    assert isinstance(draft, Draft)
    return draft


class InMemory(UnitOfWork[Any]):
    """A unit of work whose flush goes into its draft; everything else is the service's own."""

    def __init__(self, opening: Opening, **more: Any) -> None:
        super().__init__(opening, **more)
        self.writes: Any = opening.db

    async def flush(self) -> None:
        await self._write_rows()
        await self.save()
        draft = self.draft
        outgoing, work = self.outgoing, self.work
        draft.later(lambda: draft.held.tell(outgoing))
        self._ask(draft.held, work)
        self.outgoing, self.work = [], []

    def _ask(self, held: Held, work: Sequence[NewWork]) -> None:
        open_before = {row.new.order_id for row in held.first_open()}
        lease_s = 0.0 if self._hand is None else self._hand.lease.lease_s
        until = self.now + timedelta(seconds=lease_s)

        def write() -> None:
            self.leased += leased_at_birth(work, held.ask(work, open_before, until))

        self.draft.later(write)

    @property
    def draft(self) -> Draft:
        return draft_of(self)


class HeldTransactions(Transactions[Any]):
    """Opens units of work over ``held``; each commits at once, or its process dies before."""

    def __init__(self, held: Held, clock: SimulatedClock, unit_of_work: NewUnitOfWork[Any]) -> None:
        super().__init__(None, clock, unit_of_work)  # type: ignore[arg-type]
        self.held, self.simulated = held, clock

    @asynccontextmanager
    async def begin(self, traceparent: str = "", wait_s: float | None = None) -> AsyncIterator[Any]:
        draft: Any = Draft(self.held)
        with taken_back_unless_committed():
            work = self.unit_of_work(Opening(draft, self.simulated.time, traceparent, self.hand))
            yield work
            await work.flush()
            crash.point("before_commit")
        draft.commit()
        self.held.handled += getattr(work, "handled", ())
        if self.hand is not None:
            self.hand.take(work.leased, work.promised, ())
