"""The SQL of notifications: one row per order, and every message written about it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime

from asyncpg import Record
from shared.database import Db
from shared.messaging.order_table import OrderTable

from notifications.domain.customer import Customer
from notifications.domain.fact import Fact

CUSTOMERS = OrderTable(
    name="order_messages",
    row=Customer,
    columns={
        "order_id": "text",
        "email": "text",
        "name": "text",
        "locale": "text",
        "tenant": "text",
        "client_reference": "text",
        "details": "jsonb",
        "waiting": "jsonb",
        "waiting_since": "timestamptz",
        "seller_sequences": "jsonb",
        "undisclosed": "jsonb",
    },
    sequences={},
)

# A message that is in hand begins with its first attempt, as far as its recipient has room, unless
# an earlier mail of its order is open; the order's row is locked, so no other can come.
# OFFSET 0 has that looked for once, not for each column that needs it; LIMIT has it found by index.
_INSERT = """
INSERT INTO messages (message_id, order_id, kind, detail, recipient, subject, fact, created_at,
    attempts, tried_at)
SELECT u.message_id, u.order_id, u.kind, u.detail, u.recipient, u.subject, u.fact, $9,
    CASE WHEN b.begins THEN 1 ELSE 0 END, CASE WHEN b.begins THEN $9::timestamptz END
FROM (
    SELECT *, row_number() OVER (PARTITION BY lower(recipient), in_hand ORDER BY n) AS nth
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
        $7::jsonb[], $8::boolean[]) WITH ORDINALITY
        one(message_id, order_id, kind, detail, recipient, subject, fact, in_hand, n)
) u
CROSS JOIN LATERAL (
    SELECT u.in_hand
        AND (SELECT e.id FROM work_rows e WHERE e.order_id = u.order_id AND NOT e.done LIMIT 1)
            IS NULL
        AND u.nth + (SELECT count(*) FROM (
            SELECT 1 FROM messages other
            WHERE lower(other.recipient) = lower(u.recipient) AND other.tried_at > $10 LIMIT $11
        ) others) <= $11 AS begins
    OFFSET 0
) b
ORDER BY u.n
ON CONFLICT (order_id, kind, detail) DO NOTHING
RETURNING message_id, attempts > 0 AS begun
"""
_LOCK = """
SELECT pg_advisory_xact_lock(one.hash) FROM (
    SELECT DISTINCT hashtextextended(lower(recipient), 0) AS hash FROM {} ORDER BY 1
) one
"""
_LOCK_ADDRESSES = _LOCK.format("unnest($1::text[]) r(recipient)")
_LOCK_RECIPIENTS = _LOCK.format("messages WHERE message_id = ANY($1::text[])")
# Of several to one recipient those told first come first.
_WITH_ROOM = """
WITH own AS (
    SELECT m.message_id, lower(m.recipient) AS recipient,
        row_number() OVER (PARTITION BY lower(m.recipient) ORDER BY u.n) AS nth
    FROM unnest($1::text[]) WITH ORDINALITY u(message_id, n) JOIN messages m USING (message_id)
)
SELECT message_id FROM own
WHERE nth + (
    SELECT count(*) FROM (
        SELECT 1 FROM messages other
        WHERE lower(other.recipient) = own.recipient AND other.tried_at > $2
            AND other.message_id <> ALL($1) LIMIT $3
    ) others
) <= $3
"""
_FULL_SINCE = """
SELECT tried_at FROM messages
WHERE lower(recipient) = (SELECT lower(recipient) FROM messages WHERE message_id = $1)
    AND message_id <> $1 AND tried_at > $2
ORDER BY tried_at DESC OFFSET $3 LIMIT 1
"""
_COUNT_ATTEMPTS = """
UPDATE messages m SET attempts = m.attempts + 1, tried_at = $2
FROM (SELECT message_id, tried_at FROM messages WHERE message_id = ANY($1::text[])) before
WHERE m.message_id = before.message_id
RETURNING m.message_id, m.order_id, m.recipient, m.subject, m.body, m.fact, m.created_at,
    before.tried_at AS tried_before
"""
_TAKE_BACK_ATTEMPT = """
UPDATE messages SET attempts = attempts - 1, tried_at = $2 WHERE message_id = $1
"""
_CUSTOMERS = f"""
SELECT {", ".join(CUSTOMERS.columns)} FROM order_messages WHERE order_id = ANY($1::text[])
"""
_RECORD_SENT = """
UPDATE messages SET state = 'sent', sent_at = $2 WHERE message_id = ANY($1::text[])
"""
_RECORD_REFUSED = """
UPDATE messages SET state = 'refused' WHERE message_id = ANY($1::text[]) AND state <> 'sent'
"""
_OF_ORDER = """
SELECT message_id, order_id, kind, state, subject, attempts, created_at, sent_at
FROM messages WHERE order_id = $1 ORDER BY created_at, message_id LIMIT $2
"""

_MESSAGE = """
SELECT message_id, order_id, kind, state, subject, attempts, created_at, sent_at
FROM messages WHERE message_id = $1
"""
_IS_QUEUED = """
SELECT EXISTS (SELECT 1 FROM work_rows
    WHERE NOT done AND order_id = $1 AND payload->>'message_id' = $2)
"""


@dataclass(frozen=True, slots=True)
class NewMessage:
    message_id: str
    order_id: str
    kind: str
    detail: str
    recipient: str
    subject: str
    fact: str


@dataclass(frozen=True, slots=True)
class Room:
    """An address may get ``mails_max`` mails since ``since``."""

    since: datetime
    mails_max: int


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """What a mail is written from; ``body`` is its text when the release before wrote it.

    ``tried_before`` is when it was tried the last time, if it was.
    """

    message_id: str
    order_id: str
    recipient: str = field(repr=False)
    subject: str
    created_at: datetime
    tried_before: datetime | None
    body: str | None = field(repr=False)
    fact: Fact | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class LoggedMessage:
    """What the message log shows: no address and no text."""

    message_id: str
    order_id: str
    kind: str
    state: str
    subject: str
    attempts: int
    created_at: datetime
    sent_at: datetime | None


async def find(db: Db, message_id: str) -> LoggedMessage | None:
    record = await db.fetchrow(_MESSAGE, message_id)
    return LoggedMessage(**record) if record is not None else None


async def is_queued(db: Db, message_id: str, order_id: str) -> bool:
    """Whether a call that is not done will mail it anyway; ask under the order's lock."""
    queued: bool = await db.fetchval(_IS_QUEUED, order_id, message_id)
    return queued


async def insert_messages(
    db: Db,
    messages: Sequence[NewMessage],
    in_hand: Collection[str],
    now: datetime,
    room: Room,
) -> dict[str, bool]:
    """Insert what was not told yet; gives the ids inserted, and whether each has begun.

    Those ``in_hand`` begin while their recipients, who are locked, have ``room``.
    """
    columns = ([getattr(one, column.name) for one in messages] for column in fields(NewMessage))
    held = [one.message_id in in_hand for one in messages]
    records = await db.fetch(_INSERT, *columns, held, now, room.since, room.mails_max)
    return {record["message_id"]: record["begun"] for record in records}


async def lock_addresses(db: Db, recipients: Sequence[str]) -> None:
    """As ``lock_recipients``, for messages that are not there yet."""
    await db.execute(_LOCK_ADDRESSES, recipients)


async def lock_recipients(db: Db, message_ids: Sequence[str]) -> None:
    """Until the transaction ends nobody else counts mails to them; its first lock."""
    await db.execute(_LOCK_RECIPIENTS, message_ids)


async def with_room(
    db: Db, message_ids: Sequence[str], since: datetime, mails_max: int
) -> set[str]:
    """Those that are among the ``mails_max`` to their recipient since ``since``."""
    records = await db.fetch(_WITH_ROOM, message_ids, since, mails_max)
    return {record["message_id"] for record in records}


async def full_since(db: Db, message_id: str, since: datetime, others_max: int) -> datetime | None:
    """When the message's recipient got as many other mails as may be since ``since``, if so."""
    filled: datetime | None = await db.fetchval(_FULL_SINCE, message_id, since, others_max - 1)
    return filled


async def count_attempts(
    db: Db, message_ids: Sequence[str], now: datetime
) -> dict[str, QueuedMessage]:
    """Count one more attempt to send each of the messages, and give them by their ids."""
    records = await db.fetch(_COUNT_ATTEMPTS, message_ids, now)
    return {record["message_id"]: _queued(record) for record in records}


async def take_back_attempt(db: Db, queued: QueuedMessage) -> None:
    """Of the attempt that was counted nobody has heard; whoever holds its row may say so."""
    await db.execute(_TAKE_BACK_ATTEMPT, queued.message_id, queued.tried_before)


def _queued(record: Record) -> QueuedMessage:
    fact = record["fact"] and Fact.model_validate_json(record["fact"])
    return QueuedMessage(**{**record, "fact": fact})


async def customers_of(db: Db, order_ids: Sequence[str]) -> dict[str, Customer]:
    """Whom the orders' mails go to; a message is never there without one."""
    return {one["order_id"]: Customer(**one) for one in await db.fetch(_CUSTOMERS, order_ids)}


async def record_sent(db: Db, message_ids: Sequence[str], now: datetime) -> None:
    await db.execute(_RECORD_SENT, message_ids, now)


async def record_refused(db: Db, message_ids: Sequence[str]) -> None:
    """One that was sent before, and is refused when it is sent again, stays sent."""
    await db.execute(_RECORD_REFUSED, message_ids)


async def messages_of(db: Db, order_id: str, limit: int) -> list[LoggedMessage]:
    """The order's messages, the oldest first."""
    records = await db.fetch(_OF_ORDER, order_id, limit)
    return [LoggedMessage(**record) for record in records]
