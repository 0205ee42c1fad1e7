"""The inbox: an event takes effect once for each consumer, however often it is delivered."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from shared.database import Db
from shared.errors import Forgotten
from shared.messaging.parse import Identity


class Key(NamedTuple):
    source: str
    id: str


def key_of(identity: Identity) -> Key:
    return Key(identity.source, identity.id)


_INSERT = """
INSERT INTO inbox (consumer, source, id, hash, disposition, received_at)
SELECT $1, u.source, u.id, u.hash, 'applied', $5
FROM unnest($2::text[], $3::text[], $4::bytea[]) u(source, id, hash)
ORDER BY u.source COLLATE "C", u.id COLLATE "C"
ON CONFLICT DO NOTHING RETURNING source, id
"""
_HASHES = """
SELECT i.source, i.id, i.hash
FROM inbox i JOIN unnest($2::text[], $3::text[]) u(source, id)
    ON i.source = u.source AND i.id = u.id
WHERE i.consumer = $1
"""
_PARKED = """
UPDATE inbox i SET disposition = 'parked'
FROM unnest($2::text[], $3::text[]) u(source, id)
WHERE i.consumer = $1 AND i.source = u.source AND i.id = u.id
"""


async def insert(db: Db, consumer: str, identities: Sequence[Identity], now: datetime) -> set[Key]:
    """Insert in key order; gives the keys that were new. Waits for a holder of the same key."""
    sources, ids = [one.source for one in identities], [one.id for one in identities]
    hashes = [one.hash for one in identities]
    records = await db.fetch(_INSERT, consumer, sources, ids, hashes, now)
    return {Key(one["source"], one["id"]) for one in records}


async def stored_hashes(db: Db, consumer: str, keys: Sequence[Key]) -> dict[Key, bytes]:
    """The hashes of keys that were not new.

    A statement of its own: the inserting one does not see what another transaction committed
    while it waited. Raises ``Forgotten``.
    """
    records = await db.fetch(_HASHES, consumer, [one.source for one in keys], [k.id for k in keys])
    if len(records) < len(keys):
        raise Forgotten(consumer)
    return {Key(one["source"], one["id"]): one["hash"] for one in records}


async def mark_parked(db: Db, consumer: str, keys: Sequence[Key]) -> None:
    """Say that these, inserted by this transaction, were set aside."""
    await db.execute(_PARKED, consumer, [one.source for one in keys], [one.id for one in keys])
