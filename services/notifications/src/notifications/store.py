"""The SQL of notifications: one row per order, and every message written about it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

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
    },
    sequences={},
)

_INSERT = """
INSERT INTO messages (message_id, order_id, kind, detail, recipient, subject, fact, created_at)
SELECT u.message_id, u.order_id, u.kind, u.detail, u.recipient, u.subject, u.fact, $8
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[])
    WITH ORDINALITY u(message_id, order_id, kind, detail, recipient, subject, fact, n)
ORDER BY u.n
ON CONFLICT (order_id, kind, detail) DO NOTHING
RETURNING message_id
"""
_LOCK_RECIPIENT = """
SELECT pg_advisory_xact_lock(hashtextextended(lower(recipient), 0))
FROM messages WHERE message_id = $1
"""
_FULL_SINCE = """
SELECT other.tried_at FROM messages own
JOIN messages other ON lower(other.recipient) = lower(own.recipient)
WHERE own.message_id = $1 AND other.message_id <> own.message_id AND other.tried_at > $2
ORDER BY other.tried_at DESC OFFSET $3 LIMIT 1
"""
_COUNT_ATTEMPT = """
UPDATE messages SET attempts = attempts + 1, tried_at = $2 WHERE message_id = $1
RETURNING message_id, order_id, recipient, subject, body, fact, created_at
"""
_CUSTOMER = f"SELECT {', '.join(CUSTOMERS.columns)} FROM order_messages WHERE order_id = $1"
_RECORD_SENT = "UPDATE messages SET state = 'sent', sent_at = $2 WHERE message_id = $1"
_RECORD_REFUSED = "UPDATE messages SET state = 'refused' WHERE message_id = $1"
_OF_ORDER = """
SELECT message_id, order_id, kind, state, subject, attempts, created_at, sent_at
FROM messages WHERE order_id = $1 ORDER BY created_at, message_id LIMIT $2
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
class QueuedMessage:
    """What a mail is written from; ``body`` is its text when the release before wrote it."""

    message_id: str
    order_id: str
    recipient: str = field(repr=False)
    subject: str
    created_at: datetime
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


async def insert_messages(db: Db, messages: Sequence[NewMessage], now: datetime) -> set[str]:
    """Insert what was not told yet; gives the ids inserted."""
    columns = zip(*(asdict(one).values() for one in messages), strict=True)
    records = await db.fetch(_INSERT, *map(list, columns), now)
    return {record["message_id"] for record in records}


async def full_since(db: Db, message_id: str, since: datetime, others_max: int) -> datetime | None:
    """When the message's recipient got as many other mails as may be since ``since``, if so.

    The recipient stays locked until the transaction ends, so that two mails cannot both be the
    last; it is the transaction's first lock.
    """
    await db.execute(_LOCK_RECIPIENT, message_id)
    filled: datetime | None = await db.fetchval(_FULL_SINCE, message_id, since, others_max - 1)
    return filled


async def count_attempt(db: Db, message_id: str, now: datetime) -> QueuedMessage:
    """Count one more attempt to send the message, and give it."""
    record = await db.fetchrow(_COUNT_ATTEMPT, message_id, now)
    assert record is not None, message_id
    fact = record["fact"] and Fact.model_validate_json(record["fact"])
    return QueuedMessage(**{**record, "fact": fact})


async def customer_of(db: Db, order_id: str) -> Customer:
    """Whom the order's mails go to; a message is never there without one."""
    record = await db.fetchrow(_CUSTOMER, order_id)
    assert record is not None, order_id
    return Customer(**record)


async def record_sent(db: Db, message_id: str, now: datetime) -> None:
    await db.execute(_RECORD_SENT, message_id, now)


async def record_refused(db: Db, message_id: str) -> None:
    await db.execute(_RECORD_REFUSED, message_id)


async def messages_of(db: Db, order_id: str, limit: int) -> list[LoggedMessage]:
    """The order's messages, the oldest first."""
    records = await db.fetch(_OF_ORDER, order_id, limit)
    return [LoggedMessage(**record) for record in records]
