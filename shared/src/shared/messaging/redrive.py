"""Dead letters in people's hands: look, run again in order, or drop one with a reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import structlog
from asyncpg import Record as Row

from shared import crash
from shared.clock import rfc3339
from shared.database import Db
from shared.database.transient import is_transient
from shared.messaging.batch import Batch
from shared.messaging.envelope import Record, unpack
from shared.messaging.group import ConsumerGroup
from shared.messaging.parse import Known, parse
from shared.messaging.pipeline import chunks
from shared.messaging.unit_of_work import Cause, Rank, Transactions, UnitOfWork
from shared.observability import tracing

LIST_MAX = 200
EVENTS_MAX = 500

_LIST = """
SELECT e.*, (SELECT count(*) FROM parked_events w
    WHERE (w.consumer, w.topic, w.key) = (e.consumer, e.topic, e.key) AND w.id > e.id) AS behind
FROM parked_events e
WHERE e.id > $1 AND ($3::bytea IS NULL OR e.key = $3) AND ($4::text IS NULL OR e.reason = $4)
AND ($5::text IS NULL OR coalesce(e.type, '') = $5)
AND NOT EXISTS (SELECT 1 FROM parked_events f
    WHERE (f.consumer, f.topic, f.key) = (e.consumer, e.topic, e.key) AND f.id < e.id)
ORDER BY e.id LIMIT $2
"""
_FIND = "SELECT * FROM parked_events WHERE id = $1"
# The lock first; the list in a statement of its own, which sees what was added meanwhile.
_LOCK_KEY = """
SELECT true FROM parked_keys WHERE consumer = $1 AND topic = $2 AND key = $3 FOR UPDATE
"""
_READ_LIST = """
SELECT * FROM parked_events WHERE consumer = $1 AND topic = $2 AND key = $3 ORDER BY id LIMIT $4
"""
_COUNT_LIST = """
SELECT count(*) FROM parked_events WHERE consumer = $1 AND topic = $2 AND key = $3
"""
_DELETE_EVENT = "DELETE FROM parked_events WHERE id = $1"
_DELETE_KEY = "DELETE FROM parked_keys WHERE consumer = $1 AND topic = $2 AND key = $3"
_FAILED = """
UPDATE parked_events
SET attempts = attempts + 1, reason = $2, error = 'redrive: ' || $2, error_class = $2
WHERE id = $1
"""
_ACTION = """
INSERT INTO dead_letter_actions (parked_id, action, operator, reason, at)
VALUES ($1, $2, $3, $4, $5)
"""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Redriven:
    """What a redrive did: ``done`` events ran; ``failed`` says why it stopped, if it did."""

    done: int
    left: int
    failed: str | None = None


@dataclass(frozen=True)
class Wanted:
    """Which parked keys, by their first record; an empty ``type`` is of those without one."""

    key: str | None = None
    reason: str | None = None
    type: str | None = None


async def list_dead_letters(db: Db, after: int, limit: int, wanted: Wanted) -> list[dict[str, Any]]:
    """The first record of each parked key, the oldest first; payloads stay out."""
    key = None if wanted.key is None else wanted.key.encode()
    asked = (after, min(limit, LIST_MAX), key, wanted.reason, wanted.type)
    return [_summary(row) for row in await db.fetch(_LIST, *asked)]


async def find(db: Db, parked_id: int) -> Row | None:
    return await db.fetchrow(_FIND, parked_id)


def describe(row: Row) -> dict[str, Any]:
    """One parked record with its headers; its data only in shape, for it may hold a token."""
    headers = {
        name: None if raw is None else raw.decode(errors="replace")
        for name, raw in unpack(row["headers"])
    }
    return {**_summary(row), "headers": headers, "value_bytes": len(row["value"] or b"")}


async def redrive(
    transactions: Transactions[Any],
    groups: Mapping[str, ConsumerGroup],
    place: Row,
    operator: str,
    *,
    dry_run: bool = False,
) -> Redriven:
    """Run a parked key's events again, in order, through the handlers, in one transaction.

    Stops at the first that fails. Never publishes again and never touches the inbox. The key
    itself goes with its last event. At most ``EVENTS_MAX`` events are read, and of these as many
    are locked for as a batch may hold; what is ``left`` is for the next redrive. A ``dry_run``
    does all of it and rolls back.
    """
    key = (place["consumer"], place["topic"], place["key"])
    group, failure = groups[place["consumer"]], None
    while True:
        try:
            async with transactions.begin() as work:
                result = await _redrive_key(work, group, key, operator, failure)
                if dry_run:
                    raise _DryRun(result)
            return result
        except _HandlerFailed as failed:
            # What was claimed for it must not stay: all is undone, and those before it run again.
            failure = failed.failure
        except _DryRun as dry:
            return dry.result


class _Failure(NamedTuple):
    """The parked event that does not go through, and why."""

    row: Row
    reason: str


class _HandlerFailed(Exception):
    """Rolls the transaction back and carries out which event it was."""

    def __init__(self, failure: _Failure) -> None:
        super().__init__()
        self.failure = failure


class _DryRun(Exception):
    """Carries the result out of a transaction that is rolled back."""

    def __init__(self, result: Redriven) -> None:
        super().__init__()
        self.result = result


async def _redrive_key(
    work: UnitOfWork[Any],
    group: ConsumerGroup,
    key: tuple[str, str, bytes],
    operator: str,
    failure: _Failure | None,
) -> Redriven:
    """Run the key's events, or those before ``failure``, which is noted."""
    work.lock(Rank.PARKED_KEYS)
    if not await work.db.fetchval(_LOCK_KEY, *key):
        return Redriven(done=0, left=0)
    rows = await work.db.fetch(_READ_LIST, *key, EVENTS_MAX)
    if failure is not None:
        rows = [row for row in rows if row["id"] < failure.row["id"]]
    readable, unreadable = _readable(rows, group)
    if len(batch := _first_batch(readable)) < len(readable):
        readable, unreadable = batch, None
    await _run_in_order(work, group, readable, operator)
    crash.point("redrive.in_transaction")
    if failure := unreadable or failure:
        await work.db.execute(_FAILED, failure.row["id"], failure.reason)
    # Counted, not concluded: the list may be longer than what was read of it.
    left: int = await work.db.fetchval(_COUNT_LIST, *key)
    if left == 0:
        await work.db.execute(_DELETE_KEY, *key)
    return Redriven(len(readable), left, failure and failure.reason)


def _readable(
    rows: Sequence[Row], group: ConsumerGroup
) -> tuple[list[tuple[Row, Known]], _Failure | None]:
    """The rows up to the first that still cannot be read, and that one with its reason."""
    readable: list[tuple[Row, Known]] = []
    for row in rows:
        parsed = parse(_record(row), group.types, group.families)
        if not isinstance(parsed, Known):
            return readable, _Failure(row, getattr(parsed, "reason", "unknown-family"))
        readable.append((row, parsed))
    return readable, None


def _first_batch(items: list[tuple[Row, Known]]) -> list[tuple[Row, Known]]:
    """As many as a batch of the pipeline may hold: everything is locked before the first runs."""
    first = next(chunks([known for _, known in items], EVENTS_MAX), ())
    return items[: len(first)]


async def _run_in_order(
    work: UnitOfWork[Any], group: ConsumerGroup, items: list[tuple[Row, Known]], operator: str
) -> None:
    """Each event with its leaving of the list. Raises ``_HandlerFailed`` at the first failure."""
    if not items:
        return
    # No call begins where it is asked for: a later event may still end its order.
    work.leave_work()
    events = [one.event for _, one in items]
    await work.lock_orders(await work.claim(events))
    await work.prepare(events)
    for row, known in items:
        work.causes = {known.event.key: Cause(known.traceparent, known.identity.id, known.record)}
        try:
            await group.handlers[type(known.event)](Batch([known.event]), work)
            # Written at once: what the database refuses is then known to be this event's.
            await work.flush()
        except Exception as error:
            if is_transient(error):
                raise
            known_as = {"parked_id": row["id"], "order_id": known.event.order_id}
            with tracing.within(known.traceparent):
                log.warning("redrive-failed", **known_as, exc_info=error)
            raise _HandlerFailed(_Failure(row, type(error).__name__)) from error
        await work.db.execute(_DELETE_EVENT, row["id"])
        await _audit(work, row["id"], "redriven", operator, None)


async def discard(
    transactions: Transactions[Any],
    groups: Mapping[str, ConsumerGroup],
    place: Row,
    operator: str,
    reason: str,
) -> Redriven:
    """Drop the first record of a parked key, with a reason; let the rest through."""
    key = (place["consumer"], place["topic"], place["key"])
    async with transactions.begin() as work:
        work.lock(Rank.PARKED_KEYS)
        if not await work.db.fetchval(_LOCK_KEY, *key):
            return Redriven(done=0, left=0)
        first = await work.db.fetchrow(_READ_LIST, *key, 1)
        if first is None or first["id"] != place["id"]:
            return Redriven(done=0, left=-1, failed="not the first of its key any more")
        await work.db.execute(_DELETE_EVENT, first["id"])
        await _audit(work, first["id"], "discarded", operator, reason)
        if await work.db.fetchval(_READ_LIST, *key, 1) is None:
            await work.db.execute(_DELETE_KEY, *key)
    return await redrive(transactions, groups, place, operator)


async def _audit(
    work: UnitOfWork[Any], parked_id: int, action: str, operator: str, reason: str | None
) -> None:
    await work.db.execute(_ACTION, parked_id, action, operator, reason, work.now)


def _record(row: Row) -> Record:
    return Record(
        row["topic"],
        row["partition"],
        row["offset"],
        row["record_key"],
        row["value"],
        unpack(row["headers"]),
    )


def _summary(row: Row) -> dict[str, Any]:
    at: datetime = row["parked_at"]
    return {
        "id": row["id"],
        "consumer": row["consumer"],
        "topic": row["topic"],
        "partition": row["partition"],
        "offset": row["offset"],
        "key": bytes(row["key"]).decode(errors="replace"),
        "type": row["type"],
        "reason": row["reason"],
        "error": row["error"],
        "attempts": row["attempts"],
        "parked_at": rfc3339(at),
        "behind": row.get("behind"),
    }
