"""The outbox: events wait here, in the transaction that made them, until Kafka has them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zlib import crc32

from shared.database import Db
from shared.database.writes import Writer

SHARDS = 16
CHANNEL = "outbox"

_INSERT = """
INSERT INTO outbox (shard, topic, key, headers, payload, created_at)
SELECT u.shard, u.topic, u.key, u.headers, u.payload, $6
FROM unnest($1::smallint[], $2::text[], $3::bytea[], $4::bytea[], $5::bytea[])
    WITH ORDINALITY u(shard, topic, key, headers, payload, n)
ORDER BY u.n
"""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record on its way out: ``headers`` packed, ``payload`` as it will be sent."""

    topic: str
    key: bytes | None
    headers: bytes
    payload: bytes | None

    @property
    def shard(self) -> int:
        return crc32(self.key or b"") % SHARDS


async def insert(db: Writer, rows: Sequence[Outgoing], now: datetime) -> None:
    """Insert in emission order, so that ids grow as the sequences do."""
    await db.execute(
        _INSERT,
        [row.shard for row in rows],
        [row.topic for row in rows],
        [row.key for row in rows],
        [row.headers for row in rows],
        [row.payload for row in rows],
        now,
    )


async def notify(db: Db) -> None:
    """Wake the leading relay of another process when this transaction commits."""
    await db.execute(f"NOTIFY {CHANNEL}")
