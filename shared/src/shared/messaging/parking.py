"""Parked events: what failed for good, and what waits behind it under the same key."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from shared.database import Db
from shared.messaging.envelope import Record, pack

ParkedKey: TypeAlias = tuple[str, bytes]
"""A topic and a key."""

# DO UPDATE, not DO NOTHING: a key that is there must be locked as one that is new is.
_PARK = """
INSERT INTO parked_keys (consumer, topic, key, parked_at)
SELECT $1, u.t, u.k, $4
FROM unnest($2::text[], $3::bytea[]) u(t, k)
ORDER BY u.t COLLATE "C", u.k
ON CONFLICT (consumer, topic, key) DO UPDATE SET parked_at = parked_keys.parked_at
"""
_LISTED = """
SELECT DISTINCT topic, key FROM parked_events
WHERE consumer = $1
  AND (topic, key) IN (SELECT t, k FROM unnest($2::text[], $3::bytea[]) u(t, k))
"""
_INSERT = """
INSERT INTO parked_events (consumer, topic, key, partition, "offset", record_key, value, headers,
    type, reason, error_class, error, attempts, parked_at)
SELECT $1, u.topic, u.key, u.partition, u."offset", u.record_key, u.value, u.headers,
    u.type, u.reason, u.error_class, u.error, 1, $13
FROM unnest($2::text[], $3::bytea[], $4::int[], $5::bigint[], $6::bytea[], $7::bytea[],
    $8::bytea[], $9::text[], $10::text[], $11::text[], $12::text[]) WITH ORDINALITY
    u(topic, key, partition, "offset", record_key, value, headers, type, reason, error_class,
      error, n)
ORDER BY u.n
"""
WAITING = "waits-behind-another"


@dataclass(frozen=True, slots=True)
class ToPark:
    """A record and why it is set aside."""

    record: Record
    type: str
    reason: str
    error_class: str
    error: str


async def park_keys(
    db: Db, consumer: str, keys: Collection[ParkedKey], now: datetime
) -> set[ParkedKey]:
    """Park ``keys``, in order, locking those already there; gives those that were."""
    ordered = sorted(keys)
    topics, names = [t for t, _ in ordered], [k for _, k in ordered]
    await db.execute(_PARK, consumer, topics, names, now)
    # With the keys locked, their lists say which of them had one.
    records = await db.fetch(_LISTED, consumer, topics, names)
    return {(one["topic"], one["key"]) for one in records}


async def insert(db: Db, consumer: str, parked: Sequence[ToPark], now: datetime) -> None:
    """Append to the lists of their keys, which this transaction holds."""
    records = [one.record for one in parked]
    await db.execute(
        _INSERT,
        consumer,
        [one.topic for one in records],
        [one.parking_key for one in records],
        [one.partition for one in records],
        [one.offset for one in records],
        [one.key for one in records],
        [one.value for one in records],
        [pack(one.headers) for one in records],
        [one.type for one in parked],
        [one.reason for one in parked],
        [one.error_class for one in parked],
        [one.error[:500].replace("\x00", "") for one in parked],
        now,
    )
