"""The inbox: an event takes effect once for each consumer, however often it is delivered."""

from collections.abc import Sequence
from typing import NamedTuple

from shared.database import Db
from shared.errors import Forgotten
from shared.messaging.parse import Identity


class Key(NamedTuple):
    source: str
    id: str


def key_of(identity: Identity) -> Key:
    return Key(identity.source, identity.id)


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
