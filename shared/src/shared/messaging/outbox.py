"""The outbox: events wait here, in the transaction that made them, until Kafka has them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zlib import crc32

from shared.database import Db
from shared.database.writes import Writer

SHARDS = 16
# An event that was set aside has a shard of its own that nobody publishes, until it is let in.
ASIDE = SHARDS
IS_ASIDE = f"shard BETWEEN {ASIDE} AND {ASIDE + SHARDS - 1}"
# One shard alone is held up by an event that Kafka does not take; half of them are by Kafka.
SHARDS_BEHIND = SHARDS // 2
CHANNEL = "outbox"

_INSERT = """
INSERT INTO outbox (shard, topic, key, headers, payload, created_at)
SELECT u.shard, u.topic, u.key, u.headers, u.payload, $6
FROM unnest($1::smallint[], $2::text[], $3::bytea[], $4::bytea[], $5::bytea[])
    WITH ORDINALITY u(shard, topic, key, headers, payload, n)
ORDER BY u.n
"""
_WAITING = f"""
SELECT (SELECT count(DISTINCT shard) FROM outbox
        WHERE shard < {ASIDE} AND created_at < $1 AND topic = $2) >= {SHARDS_BEHIND} AS behind,
    (SELECT created_at FROM outbox WHERE shard >= {ASIDE} ORDER BY key LIMIT 1) AS aside_since
"""
# Keys of orders grow with time, so they are let in as they were placed. Materialized: a plan made
# for a small table would look for the first ones anew at each row it updates.
_LET_IN = f"""
WITH first AS MATERIALIZED (
    SELECT id FROM outbox WHERE shard >= {ASIDE} ORDER BY key LIMIT $1 FOR UPDATE SKIP LOCKED
)
UPDATE outbox o SET shard = shard - {ASIDE}, created_at = $2 FROM first WHERE o.id = first.id
RETURNING o.key
"""
_LET_IN_KEYS = f"""
UPDATE outbox SET shard = shard - {ASIDE}, created_at = $2
WHERE shard >= {ASIDE} AND key = ANY($1::bytea[])
"""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record on its way out: ``headers`` packed, ``payload`` as it will be sent."""

    topic: str
    key: bytes | None
    headers: bytes
    payload: bytes | None
    aside: bool = False

    @property
    def shard(self) -> int:
        return crc32(self.key or b"") % SHARDS + ASIDE * self.aside


@dataclass(frozen=True, slots=True)
class Waiting:
    """Whether half of the shards have events that wait for Kafka, and since when the first of
    those has that were set aside; None when none was.
    """

    behind: bool
    aside_since: datetime | None


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


async def waiting(db: Db, topic: str, now: datetime, behind_s: float) -> Waiting:
    """What waits, and whether what is for ``topic`` has for longer than ``behind_s``."""
    row = await db.fetchrow(_WAITING, now - timedelta(seconds=behind_s), topic)
    assert row is not None
    return Waiting(row["behind"], row["aside_since"])


async def let_in(db: Db, rows_max: int, now: datetime) -> list[str]:
    """Let in the first that were set aside, by their keys, and give these.

    They wait for Kafka from ``now`` on; before it was not Kafka that they waited for.
    """
    return [one["key"].decode() for one in await db.fetch(_LET_IN, rows_max, now)]


async def let_in_keys(db: Writer, keys: Collection[str], now: datetime) -> None:
    """Let in what was set aside of these keys: before anything else of theirs is written."""
    await db.execute(_LET_IN_KEYS, [one.encode() for one in keys], now)


async def notify(db: Db) -> None:
    """Wake the leading relay of another process when this transaction commits."""
    await db.execute(f"NOTIFY {CHANNEL}")
