"""The batch pipeline: a batch is one transaction; what fails in it for good is found by halving."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import structlog

from shared import crash
from shared.contracts.event import Event
from shared.database.transient import is_transient
from shared.errors import PartitionStopped, Retryable
from shared.messaging import inbox, parking, receiving
from shared.messaging.batch import rounds
from shared.messaging.breaker import Breaker
from shared.messaging.dead_letters import send_dead_letter
from shared.messaging.envelope import Record
from shared.messaging.group import ConsumerGroup
from shared.messaging.parking import WAITING, ParkedKey, ToPark
from shared.messaging.parse import Identity, Known, Parsed, Poison, Skipped, parse
from shared.messaging.retry import retry_transient
from shared.messaging.unit_of_work import Cause, Rank, Transactions, UnitOfWork
from shared.observability import metrics, tracing

LINES_MAX = 4_000
STOPPED_PAUSE_S, FAILED_PAUSE_S = 5.0, 1.0
HOLD_POLL_S, HOLD_MAX_S = 0.2, 60.0

Item: TypeAlias = Known | Poison
Work: TypeAlias = UnitOfWork[Any]
log = structlog.get_logger(__name__)


class Held(Retryable):
    """Intake waited for as long as it may between two polls."""


@dataclass
class Pipeline:
    """Applies records of one consumer group; ``service`` names its dead-letter topic."""

    service: str
    group: ConsumerGroup
    transactions: Transactions[Any]
    parked_orders_max: int = 50
    records_max: int = 500
    may_proceed: Callable[[], Awaitable[bool]] | None = None
    holding: bool = field(default=False, init=False)
    breaker: Breaker = field(init=False)

    def __post_init__(self) -> None:
        self.breaker = Breaker(self.group.name, self.parked_orders_max)

    async def process(self, records: Sequence[Record]) -> None:
        """Apply ``records`` in order; when this returns, their offsets may be committed.

        Raises what does not pass within the retry budget; the same records come again at once,
        so it raises after a pause.
        """
        try:
            await self._hold()
            await self._process(records)
            await self.breaker.passed(self.transactions, records)
        except PartitionStopped as stopped:
            await self.breaker.trip(self.transactions, stopped)
            await asyncio.sleep(STOPPED_PAUSE_S)
            raise
        except Exception:
            await asyncio.sleep(FAILED_PAUSE_S)
            raise

    async def _process(self, records: Sequence[Record]) -> None:
        parsed = [self._parse(one) for one in records]
        items = [one for one in parsed if not isinstance(one, Skipped)]
        self._count("skipped", len(parsed) - len(items))
        for chunk in chunks(items, self.records_max):
            await self._apply_or_halve(chunk)
        if items:
            crash.point("consumer.after_commit")

    def _parse(self, record: Record) -> Parsed:
        return parse(record, self.group.types, self.group.families)

    async def _hold(self) -> None:
        """Wait while the service says that it has enough to do; the records come again."""
        give_up_at = asyncio.get_running_loop().time() + HOLD_MAX_S
        while self.may_proceed is not None and not await self.may_proceed():
            self.holding = True
            await asyncio.sleep(HOLD_POLL_S)
            if asyncio.get_running_loop().time() > give_up_at:
                raise Held(f"{self.group.name} has enough to do")
        self.holding = False

    async def _apply_or_halve(self, items: Sequence[Item]) -> None:
        """Apply all, or each half on its own, left to right, down to the record that fails."""
        try:
            await retry_transient(self.group.name, lambda: self._apply(items))
        except Exception as error:
            if is_transient(error):
                # Nothing is wrong with the records: set aside, they would only be late.
                raise
            if len(items) > 1:
                middle = len(items) // 2
                await self._apply_or_halve(items[:middle])
                await self._apply_or_halve(items[middle:])
                return
            await self._park_failed(items[0], error)

    async def _park_failed(self, item: Item, error: Exception) -> None:
        if isinstance(item, Poison) or isinstance(error, asyncio.CancelledError):
            raise error
        with tracing.within(item.traceparent):
            log.error(
                "event-failed",
                consumer=self.group.name,
                type=item.event.type,
                order_id=item.event.order_id,
                exc_info=error,
            )
        # The class and place only: a message may quote personal data or a token.
        failed = Poison(item.record, item.identity, "handler-failed", type(error).__name__)
        await retry_transient(self.group.name, lambda: self._apply([failed]))

    async def _apply(self, items: Sequence[Item]) -> None:
        contexts = [one.traceparent for one in items if isinstance(one, Known)]
        with ExitStack() as spans, metrics.BATCH_SECONDS.labels(self.group.name).time():
            spans.enter_context(tracing.batch_span(f"process {self.group.name}", contexts))
            async with self.transactions.begin() as work:
                runnable = await self._receive(work, items)
                await self._run(work, runnable, spans)
                crash.point("consumer.in_transaction")
        metrics.BATCH_RECORDS.labels(self.group.name).observe(len(items))

    async def _receive(self, work: Work, items: Sequence[Item]) -> list[Known]:
        """Take what is new into the inbox, set aside what cannot run; gives what can."""
        first: dict[inbox.Key, Item] = {}
        for item in items:
            first.setdefault(inbox.key_of(item.identity), item)
        is_plain = len(first) == len(items) and all(isinstance(one, Known) for one in items)
        # With poison among them keys are locked in two steps, once it is known what is new.
        places = {_place(one.record) for one in items} if is_plain else set()
        work.lock(Rank.INBOX)
        new, parked = await self._take(work, first.values(), places)
        all_new = is_plain and len(new) == len(items)
        fresh = items if all_new else await self._sift(work, items, first, new)
        work.lock(Rank.PARKED_KEYS)
        if not all_new:
            parked = await self._park_keys(work, fresh)
        self._count("duplicate", len(items) - len(fresh))
        runnable, aside = _separate(fresh, parked)
        if aside:
            await self._set_aside(work, aside)
        self._count("applied", len(runnable))
        return runnable

    async def _take(
        self, work: Work, items: Collection[Item], places: Collection[ParkedKey] = ()
    ) -> tuple[set[inbox.Key], set[ParkedKey]]:
        """The keys that were new and, if all were, which of ``places`` are parked."""
        identities = [one.identity for one in items]
        return await receiving.receive(work.db, self.group.name, identities, places, work.now)

    async def _sift(
        self,
        work: Work,
        items: Sequence[Item],
        first: Mapping[inbox.Key, Item],
        new: Collection[inbox.Key],
    ) -> list[Item]:
        """What is new to this consumer; an id that came with other data before is poison."""
        hashes = {key: one.identity.hash for key, one in first.items()}
        if old := [key for key in first if key not in new]:
            hashes |= await inbox.stored_hashes(work.db, self.group.name, old)
        reused: dict[inbox.Key, Item] = {}
        for item in items:
            if item.identity.hash != hashes[inbox.key_of(item.identity)]:
                other = _reused(item)
                reused.setdefault(inbox.key_of(other.identity), other)
        if not reused:
            return [item for key, item in first.items() if key in new]
        others, _ = await self._take(work, reused.values())
        found = [item for key, item in {**first, **reused}.items() if key in {*new, *others}]
        return sorted(found, key=lambda one: _order(items, one))

    async def _park_keys(self, work: Work, fresh: Sequence[Item]) -> set[ParkedKey]:
        """Park the keys of poison; gives those of all that were parked before."""
        parked: set[ParkedKey] = set()
        poisoned = {_place(one.record) for one in fresh if isinstance(one, Poison)}
        if poisoned:
            parked |= await parking.park_keys(work.db, self.group.name, poisoned, work.now)
        if others := {_place(one.record) for one in fresh} - poisoned:
            parked |= await receiving.read_keys(work.db, self.group.name, others)
        return parked

    async def _set_aside(self, work: Work, aside: Sequence[tuple[Item, ToPark]]) -> None:
        failed = [park for _, park in aside if park.reason != WAITING]
        await self.breaker.check(work.db, failed, work.now)
        await parking.insert(work.db, self.group.name, [park for _, park in aside], work.now)
        keys_of = [inbox.key_of(item.identity) for item, _ in aside]
        await inbox.mark_parked(work.db, self.group.name, keys_of)
        for park in failed:
            send_dead_letter(work, self.service, park)
        self._count("parked", len(failed))
        self._count("waiting", len(aside) - len(failed))

    async def _run(self, work: Work, runnable: Sequence[Known], spans: ExitStack) -> None:
        if not runnable:
            return
        causes = {
            id(one.event): Cause(
                tracing.message_span(f"process {one.event.type}", one.traceparent, spans),
                one.identity.id,
                one.record,
            )
            for one in runnable
        }
        await run_handlers(work, self.group, [one.event for one in runnable], causes)

    def _count(self, outcome: str, events: int) -> None:
        if events:
            metrics.EVENTS_PROCESSED.labels(self.group.name, outcome).inc(events)


async def run_handlers(
    work: Work, group: ConsumerGroup, events: Sequence[Event], causes: dict[int, Cause]
) -> None:
    """Lock everything ``events`` need, once and in rank order; then run them round by round."""
    order_ids = await work.claim(events)
    await work.lock_orders(order_ids)
    await work.prepare(events)
    for batches in rounds(events):
        work.causes = {event.key: causes[id(event)] for batch in batches for event in batch}
        for batch in batches:
            await group.handlers[type(batch[0])](batch, work)


def chunks(items: Sequence[Item], records_max: int) -> Iterator[Sequence[Item]]:
    """Cut at ``records_max`` records or ``LINES_MAX`` order lines, whichever comes first."""
    start = lines = 0
    for index, item in enumerate(items):
        weight = _lines(item)
        if index > start and (index - start == records_max or lines + weight > LINES_MAX):
            yield items[start:index]
            start, lines = index, 0
        lines += weight
    if start < len(items):
        yield items[start:]


def _lines(item: Item) -> int:
    return max(1, item.event.line_count) if isinstance(item, Known) else 1


def _separate(
    fresh: Sequence[Item], parked: set[ParkedKey]
) -> tuple[list[Known], list[tuple[Item, ToPark]]]:
    """In order: what runs, and what is set aside; behind a poison record its key waits."""
    runnable: list[Known] = []
    aside: list[tuple[Item, ToPark]] = []
    for item in fresh:
        place = _place(item.record)
        if isinstance(item, Poison):
            parked.add(place)
            aside.append((item, _to_park(item)))
        elif place in parked:
            waiting = ToPark(item.record, item.event.type, WAITING, WAITING, "")
            aside.append((item, waiting))
        else:
            runnable.append(item)
    return runnable, aside


def _to_park(item: Poison) -> ToPark:
    failed = item.reason == "handler-failed"
    error_class = f"{item.reason}:{item.error}" if failed else item.reason
    return ToPark(item.record, item.type, item.reason, error_class, item.error)


def _place(record: Record) -> ParkedKey:
    return (record.topic, record.parking_key)


def _reused(item: Item) -> Poison:
    """The same id with other data: an event of its own, known by id and hash, never applied."""
    known = item.identity
    identity = Identity(known.source, f"{known.id}#{known.hash.hex()}", known.hash)
    error = f"{known.id} came before with other data"
    return Poison(item.record, identity, "id-reused", error)


def _order(items: Sequence[Item], item: Item) -> int:
    return next(n for n, one in enumerate(items) if one.record is item.record)
