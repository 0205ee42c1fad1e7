"""The protocol weakened, each time by one of the shortcuts that look as good."""

from collections.abc import Collection, Sequence
from contextvars import ContextVar
from datetime import datetime
from typing import Any

import pytest
from shared.database import Db
from shared.messaging import inbox, parking, redrive
from shared.messaging.inbox import Key
from shared.messaging.parking import ParkedKey
from shared.messaging.parse import Identity
from shared.messaging.pipeline import Item, Pipeline
from shared.messaging.redrive import Redriven

_SEEN: ContextVar[set[ParkedKey]] = ContextVar("seen")
_PLACES: ContextVar[list[ParkedKey]] = ContextVar("places")

_INSERT_AND_READ = """
WITH new AS (
    INSERT INTO inbox (consumer, source, id, hash, disposition, received_at)
    SELECT $1, u.source, u.id, u.hash, 'applied', $5
    FROM unnest($2::text[], $3::text[], $4::bytea[]) u(source, id, hash)
    ORDER BY 2, 3 ON CONFLICT DO NOTHING RETURNING source, id
), parked AS (
    SELECT topic, key FROM parked_keys
    WHERE consumer = $1
      AND (topic, key) IN (SELECT t, k FROM unnest($6::text[], $7::bytea[]) u(t, k))
    ORDER BY topic, key FOR SHARE
)
SELECT source, id, NULL AS topic, NULL AS key FROM new
UNION ALL SELECT NULL, NULL, topic, key FROM parked
"""
_LOCK_AND_READ = """
SELECT e.* FROM parked_keys k JOIN parked_events e USING (consumer, topic, key)
WHERE k.consumer = $1 AND k.topic = $2 AND k.key = $3 ORDER BY e.id FOR UPDATE OF k
"""
_DELETE_KEY_WITHOUT_LIST = """
DELETE FROM parked_keys k WHERE k.consumer = $1 AND k.topic = $2 AND k.key = $3
AND NOT EXISTS (SELECT 1 FROM parked_events e
    WHERE e.consumer = $1 AND e.topic = $2 AND e.key = $3)
"""


def _places(items: Sequence[Item]) -> list[ParkedKey]:
    return sorted({(one.record.topic, one.record.parking_key) for one in items})


async def _read_before(db: Db, consumer: str, keys: Collection[ParkedKey]) -> set[ParkedKey]:
    return _SEEN.get() & set(keys)


def keys_read_before_the_inbox(monkeypatch: pytest.MonkeyPatch) -> None:
    take, read_keys = Pipeline._take, parking.read_keys

    async def read_and_take(self: Pipeline, work: Any, items: Sequence[Item]) -> list[Item]:
        _SEEN.set(await read_keys(work.db, self.group.name, _places(items)))
        return await take(self, work, items)

    monkeypatch.setattr(Pipeline, "_take", read_and_take)
    monkeypatch.setattr(parking, "read_keys", _read_before)


def keys_read_in_the_inbox_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    take = Pipeline._take

    async def remember_and_take(self: Pipeline, work: Any, items: Sequence[Item]) -> list[Item]:
        _PLACES.set(_places(items))
        return await take(self, work, items)

    async def insert(
        db: Db, consumer: str, identities: Sequence[Identity], now: datetime
    ) -> set[Key]:
        parts = [[one.source, one.id, one.hash] for one in identities]
        sources, ids, hashes = (list(part) for part in zip(*parts, strict=True))
        topics, keys = (list(part) for part in zip(*_PLACES.get(), strict=True))
        rows = await db.fetch(_INSERT_AND_READ, consumer, sources, ids, hashes, now, topics, keys)
        _SEEN.set({(row["topic"], row["key"]) for row in rows if row["topic"]})
        return {Key(row["source"], row["id"]) for row in rows if row["id"]}

    monkeypatch.setattr(Pipeline, "_take", remember_and_take)
    monkeypatch.setattr(inbox, "insert", insert)
    monkeypatch.setattr(parking, "read_keys", _read_before)


def keys_read_without_a_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    assert parking._READ.strip().endswith("FOR SHARE")
    monkeypatch.setattr(parking, "_READ", parking._READ.replace("FOR SHARE", ""))


def key_locked_and_list_read_in_one_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    async def redrive_key(work: Any, group: Any, key: Any, operator: str, failure: Any) -> Redriven:
        rows = await work.db.fetch(_LOCK_AND_READ, *key)
        before = [row for row in rows if failure is None or row["id"] < failure.row["id"]]
        readable, _ = redrive._readable(before, group)
        await redrive._run_in_order(work, group, readable, operator)
        if len(readable) == len(rows):
            await work.db.execute(redrive._DELETE_KEY, *key)
        left = len(rows) - len(readable)
        return Redriven(len(readable), left, failure and failure.reason)

    monkeypatch.setattr(redrive, "_redrive_key", redrive_key)


def key_deleted_when_its_list_looks_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "FOR UPDATE" in redrive._LOCK_KEY
    monkeypatch.setattr(redrive, "_LOCK_KEY", redrive._LOCK_KEY.replace("FOR UPDATE", ""))
    monkeypatch.setattr(redrive, "_DELETE_KEY", _DELETE_KEY_WITHOUT_LIST)
