"""The plumbing over rows in memory: the real pipeline and desk, without their statements."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, TypeAlias

from payments.calls.desk import REQUESTS_MAX, Ask, Call, Desk, Done, Later, Lost, Step, _Request
from shared.contracts.event import Event
from shared.group_commit import GroupCommit
from shared.messaging import inbox
from shared.messaging.batch import Batch
from shared.messaging.dead_letters import send_dead_letter
from shared.messaging.envelope import Record
from shared.messaging.group import ConsumerGroup
from shared.messaging.parking import WAITING, ToPark
from shared.messaging.parse import Known, Parsed, parse
from shared.messaging.pipeline import (
    Item,
    Pipeline,
    Work,
    _place,
    _reused,
    _separate,
    run_handlers,
)
from shared.messaging.unit_of_work import Cause, Rank
from shared.pace import Pace
from shared.work.rows import LeasedRow

from shared import crash
from tests.simulation.memory import Held, HeldTransactions, WorkRow, draft_of

KnownAs: TypeAlias = dict[tuple[str, int, int, type[Event]], Parsed]
"""What records were parsed to, by their places and by what groups know them as."""


class HeldPipeline(Pipeline):
    """Rounds, chunks, halving, what waits behind what: real. Inbox and parked lists: in memory.

    The breaker is left out, and so are spans and metrics. A record is parsed once for all groups
    that know it as the same event.
    """

    def __init__(
        self, service: str, group: ConsumerGroup, transactions: HeldTransactions, parsed: KnownAs
    ) -> None:
        super().__init__(service, group, transactions)
        self.parsed = parsed

    def _parse(self, record: Record) -> Parsed:
        raw = dict(record.headers).get("ce_type") or b""
        known_as = self.group.types.get(raw.decode())
        if known_as is None:
            return parse(record, self.group.types, self.group.families)
        place = (record.topic, record.partition, record.offset, known_as)
        if place not in self.parsed:
            self.parsed[place] = parse(record, self.group.types, self.group.families)
        return self.parsed[place]

    async def _apply(self, items: Sequence[Item]) -> None:
        async with self.transactions.begin() as work:
            runnable = await self._receive(work, items)
            await self._run(work, runnable, ExitStack())
            crash.point("consumer.in_transaction")

    async def _receive(self, work: Work, items: Sequence[Item]) -> list[Known]:
        work.lock(Rank.INBOX)
        fresh = await self._fresh(work, items)
        work.lock(Rank.PARKED_KEYS)
        held = draft_of(work).held
        places = {_place(one.record) for one in fresh}
        parked = {one for one in places if (self.group.name, one) in held.parked}
        runnable, aside = _separate(fresh, parked)
        for _, park in aside:
            self._park(work, park)
            if park.reason != WAITING:
                send_dead_letter(work, self.service, park)
        return runnable

    async def _fresh(self, work: Work, items: Sequence[Item]) -> list[Item]:
        """As the real one: what is new, and ids that came with other data."""
        held = draft_of(work).held
        known: dict[tuple[str, Any], bytes] = {}
        fresh: list[Item] = []
        for item in items:
            key = (self.group.name, inbox.key_of(item.identity))
            before = known.get(key) or held.inbox.get(key)
            if before is not None and before != item.identity.hash:
                item = _reused(item)
                key = (self.group.name, inbox.key_of(item.identity))
                before = known.get(key) or held.inbox.get(key)
            if before is None:
                known[key] = item.identity.hash
                fresh.append(item)
        draft_of(work).later(lambda: held.inbox.update(known))
        return fresh

    def _park(self, work: Work, park: ToPark) -> None:
        held = draft_of(work).held
        place = (self.group.name, (park.record.topic, park.record.parking_key))
        draft_of(work).later(lambda: held.parked.setdefault(place, []).append(park))

    async def _run(self, work: Work, runnable: Sequence[Known], spans: ExitStack) -> None:
        if runnable:
            causes = {id(one.event): Cause("", one.identity.id) for one in runnable}
            await run_handlers(work, self.group, [one.event for one in runnable], causes)

    def _count(self, outcome: str, events: int) -> None:
        pass


async def redrive_in_memory(
    transactions: HeldTransactions, group: ConsumerGroup, place: tuple[str, Any], *, drop: bool
) -> bool:
    """People run a parked key's list again, in order, or ``drop`` its first; True when it is gone.

    As the real one: one transaction, and when an event fails, another with those before it.
    """
    parked = transactions.held.parked[place]
    if drop:
        parked.pop(0)
    readable, stopped_by = _readable(parked, group)
    while True:
        try:
            async with transactions.begin() as work:
                await _run_in_order(work, group, readable)
                draft_of(work).later(partial(parked.__delitem__, slice(len(readable))))
            break
        except _Failed as failed:
            readable, stopped_by = readable[: failed.place], failed.reason
    if stopped_by is not None:
        parked[0] = replace(parked[0], reason=stopped_by)
    if not parked:
        del transactions.held.parked[place]
    return not parked


class _Failed(Exception):
    """The event at ``place`` of a list does not go through."""

    def __init__(self, place: int, reason: str) -> None:
        super().__init__()
        self.place, self.reason = place, reason


def _readable(parked: Sequence[ToPark], group: ConsumerGroup) -> tuple[list[Known], str | None]:
    readable: list[Known] = []
    for one in parked:
        parsed = parse(one.record, group.types, group.families)
        if not isinstance(parsed, Known):
            return readable, getattr(parsed, "reason", "unknown-family")
        readable.append(parsed)
    return readable, None


async def _run_in_order(work: Any, group: ConsumerGroup, readable: Sequence[Known]) -> None:
    if not readable:
        return
    work.leave_work()
    events = [one.event for one in readable]
    await work.lock_orders(await work.claim(events))
    await work.prepare(events)
    for place, known in enumerate(readable):
        work.causes = {known.event.key: Cause("", known.identity.id)}
        try:
            await group.handlers[type(known.event)](Batch([known.event]), work)
            await work.flush()
        except Exception as error:
            raise _Failed(place, type(error).__name__) from error


class HeldDesk(Desk):
    """Decides and records as the real one does; leases are looked at in memory."""

    def __post_init__(self) -> None:
        self._requests = GroupCommit(self._commit, REQUESTS_MAX, Pace(enough=0))

    async def _commit(self, batch: Sequence[_Request], _alone: bool) -> list[Step | Lost]:
        async with self.transactions.begin() as work:
            held = draft_of(work).held
            work.causes = {one.key.order_id: Cause(one.traceparent) for one in batch}
            await work.lock_orders({one.key.order_id for one in batch})
            await work.load_attempts({one.key for one in batch})
            leases = [one.lease for one in batch if one.lease]
            kept = {one.lease_token for one in leases if owns(held, one)}
            open_before = {key for key, one in work.attempts.items() if one.state == "open"}
            steps = [self._decide(one, work, kept) for one in batch]
            for one, step in zip(batch, steps, strict=True):
                if one.lease is not None:
                    record(work, one.lease.id, step, self.lease_s)
                elif one.key in open_before and work.attempts[one.key].state != "open":
                    draft_of(work).later(partial(close, held, one.key))
        return steps


def owns(held: Held, lease: LeasedRow) -> bool:
    row = held.work[lease.id]
    return not row.done and row.token == lease.lease_token.int


def record(work: Any, row_id: int, step: Step | Lost, lease_s: float) -> None:
    """What became of a leased row, written with the decision."""
    draft, now = draft_of(work), work.now
    row = draft.held.work[row_id]
    changes: Mapping[str, Any] = {}
    match step:
        case Done():
            changes = {"done": True, "token": 0, "lease_until": None}
        case Later(until, _):
            changes = {"not_before": until, "token": 0, "lease_until": None}
        case Call():
            changes = {"lease_until": now + timedelta(seconds=lease_s)}
        case Ask() | Lost():
            pass
    draft.later(lambda: change(row, changes))


def change(row: WorkRow, changes: Mapping[str, Any]) -> None:
    for name, value in changes.items():
        setattr(row, name, value)


def close(held: Held, key: Any) -> None:
    """Rows of an operation that somebody else has settled and nobody performs."""
    for row in held.work.values():
        mine = (row.new.order_id, row.new.kind, row.new.payload["number"]) == tuple(key)
        if mine and not row.token:
            row.done = True
