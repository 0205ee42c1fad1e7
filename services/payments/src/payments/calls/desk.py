"""The desk: decides and records provider operations, many orders in one transaction."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from shared.database.writes import Writer
from shared.errors import Permanent
from shared.group_commit import GroupCommit
from shared.messaging.unit_of_work import Cause, Rank, Transactions
from shared.observability import tracing
from shared.work.rows import LeasedRow

from payments import store
from payments.domain.attempts import Attempt, AttemptKey, CallLimits, Operation, swept_in_vain
from payments.domain.payment import Payment
from payments.provider import Charge, Refund
from payments.store import Sweep
from payments.unit_of_work import PaymentsWork

REQUESTS_MAX = 200


@dataclass(frozen=True, slots=True)
class Case:
    """One operation under its order's row; ``tries`` counts how often its row was taken up."""

    work: PaymentsWork
    key: AttemptKey
    limits: CallLimits
    tries: int

    @property
    def payment(self) -> Payment:
        return self.work.rows[self.key.order_id]

    @property
    def attempt(self) -> Attempt:
        return self.work.attempts[self.key]

    @property
    def now(self) -> datetime:
        return self.work.now

    def out_of_sweep(self, sweep: Sweep) -> None:
        """The sweep has found nothing more: on to the next one, if there is any."""
        attempt = swept_in_vain(self.attempt, sweep.claimed_until, self.now, self.limits)
        self.work.keep(self.payment, attempt)


@dataclass(frozen=True, slots=True)
class Call:
    """Make this call; that it was started is committed."""

    request: Charge | Refund


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the provider what it knows of this key."""

    key: str


@dataclass(frozen=True, slots=True)
class Later:
    """The row goes back and is taken up again at ``until``."""

    until: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Done:
    """The row is closed."""

    note: str | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """The lease is somebody else's: nothing was recorded."""


Step: TypeAlias = Call | Ask | Later | Done
Decide: TypeAlias = Callable[[Case], Step]
Note: TypeAlias = Callable[[Case], None]


class UnknownKind(Permanent):
    """A work row of a kind that this release does not know."""


def nothing(_: Case) -> None:
    """A lost lease needs no trace when the provider has heard of nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class _Request:
    key: AttemptKey
    lease: LeasedRow | None
    decide: Decide
    lost: Note
    traceparent: str


@dataclass
class Desk:
    """A decision is a plain function of what is locked, so many share a transaction."""

    transactions: Transactions[PaymentsWork]
    limits: CallLimits
    lease_s: float
    _requests: GroupCommit[_Request, Step | Lost] = field(init=False)

    def __post_init__(self) -> None:
        self._requests = GroupCommit(self._commit, REQUESTS_MAX)

    async def record(self, row: LeasedRow, decide: Decide, lost: Note = nothing) -> Step | Lost:
        """Run ``decide`` under the order's row and ``row``'s lease, commit, and give its step.

        When the lease was lost ``lost`` runs instead. Raises what the transaction raises.
        """
        key = AttemptKey(row.order_id, _operation(row), row.payload["number"])
        return await self._ask(key, row, decide, lost)

    async def note(self, key: AttemptKey, note: Note) -> None:
        """Run ``note`` under the order's row alone: for those who hold no work row."""

        def decide(case: Case) -> Step:
            note(case)
            return Done()

        await self._ask(key, None, decide, nothing)

    async def _ask(
        self, key: AttemptKey, lease: LeasedRow | None, decide: Decide, lost: Note
    ) -> Step | Lost:
        cause = tracing.current_traceparent() or (lease.traceparent if lease else "")
        return await self._requests.take(_Request(key, lease, decide, lost, cause))

    async def _commit(self, batch: Sequence[_Request], _alone: bool) -> list[Step | Lost]:
        async with self.transactions.begin() as work:
            work.causes = {one.key.order_id: Cause(one.traceparent) for one in batch}
            await work.lock_orders({one.key.order_id for one in batch}, known=True)
            await work.load_attempts({one.key for one in batch})
            leases = [one.lease for one in batch if one.lease]
            work.lock(Rank.WORK)
            held = await store.hold_leases(work.db, [(one.id, one.lease_token) for one in leases])
            open_before = {key for key, one in work.attempts.items() if one.state == "open"}
            steps = [self._decide(one, work, held) for one in batch]
            await self._write_rows(work.writes, work.now, batch, steps)
            await _close_rows(work, batch, open_before)
        return steps

    def _decide(self, one: _Request, work: PaymentsWork, held: set[UUID]) -> Step | Lost:
        case = Case(work, one.key, self.limits, one.lease.attempts if one.lease else 0)
        if one.lease is None or one.lease.lease_token in held:
            return one.decide(case)
        one.lost(case)
        return Lost()

    async def _write_rows(
        self, db: Writer, now: datetime, batch: Sequence[_Request], steps: Sequence[Step | Lost]
    ) -> None:
        """What became of the leased rows, with one statement for each kind of step."""
        finished: list[tuple[int, str | None]] = []
        postponed: list[tuple[int, datetime, str]] = []
        called: list[int] = []
        for one, step in zip(batch, steps, strict=True):
            if one.lease is None:
                continue
            match step:
                case Done(note):
                    finished.append((one.lease.id, note))
                case Later(until, why):
                    postponed.append((one.lease.id, until, why))
                case Call():
                    called.append(one.lease.id)
                case Ask() | Lost():
                    pass
        if finished:
            await store.finish_rows(db, finished)
        if postponed:
            await store.postpone_rows(db, postponed)
        if called:
            await store.start_calls(db, called, now, self.lease_s)


async def _close_rows(
    work: PaymentsWork, batch: Sequence[_Request], open_before: Collection[AttemptKey]
) -> None:
    """Who holds no row and closes its attempt closes the row too, if nobody performs it."""
    noted = {one.key for one in batch if one.lease is None} & set(open_before)
    if closed := [key for key in noted if work.attempts[key].state != "open"]:
        await store.close_rows(work.writes, closed)


def _operation(row: LeasedRow) -> Operation:
    match row.kind:
        case "charge" | "refund" as operation:
            return operation
        case _:
            raise UnknownKind(f"no such work: {row.kind}")
