"""Receiving: what is new to a consumer goes into its inbox, and what is parked is read."""

from collections.abc import Collection, Sequence
from datetime import datetime

from asyncpg import Record

from shared.database import Db
from shared.messaging.inbox import Key
from shared.messaging.parking import ParkedKey
from shared.messaging.parse import Identity

# Two statements, the one after the other, in one round trip (database/receive.sql).
_RECEIVE = "SELECT * FROM receive($1, $2, $3, $4, $5, $6, $7)"


async def receive(
    db: Db,
    consumer: str,
    identities: Sequence[Identity],
    places: Collection[ParkedKey],
    now: datetime | None,
) -> tuple[set[Key], set[ParkedKey]]:
    """Insert ``identities`` in key order, which waits for a holder of the same; gives the new keys.

    If all were new, it also gives which of ``places`` are parked, as ``read_keys`` does.
    """
    sources, ids = [one.source for one in identities], [one.id for one in identities]
    hashes, ordered = [one.hash for one in identities], sorted(places)
    topics, keys = [topic for topic, _ in ordered], [key for _, key in ordered]
    records = await db.fetch(_RECEIVE, consumer, sources, ids, hashes, now, topics, keys)
    new = {Key(one["new_source"], one["new_id"]) for one in records if one["new_id"] is not None}
    return new, _parked(records)


async def read_keys(db: Db, consumer: str, places: Collection[ParkedKey]) -> set[ParkedKey]:
    """Which of ``places`` are parked; they stay so until this transaction ends."""
    return (await receive(db, consumer, (), places, None))[1]


def _parked(records: Sequence[Record]) -> set[ParkedKey]:
    return {
        (one["parked_topic"], one["parked_key"])
        for one in records
        if one["parked_topic"] is not None
    }
