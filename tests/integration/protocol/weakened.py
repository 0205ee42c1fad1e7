"""The protocol weakened, each time by one of the shortcuts that look as good."""

from collections.abc import Collection, Sequence
from contextvars import ContextVar
from datetime import datetime
from typing import Any, TypeAlias

import pytest
from shared.database import Db
from shared.messaging import receiving, redrive
from shared.messaging.inbox import Key
from shared.messaging.parking import ParkedKey
from shared.messaging.parse import Identity
from shared.messaging.pipeline import Pipeline
from shared.messaging.redrive import Redriven

Ids: TypeAlias = Sequence[Identity]
Places: TypeAlias = Collection[ParkedKey]
Received: TypeAlias = tuple[set[Key], set[ParkedKey]]
_SEEN: ContextVar[set[ParkedKey]] = ContextVar("seen")

_INSERT = """
INSERT INTO inbox (consumer, source, id, hash, disposition, received_at)
SELECT $1, u.source, u.id, u.hash, 'applied', $5
FROM unnest($2::text[], $3::text[], $4::bytea[]) u(source, id, hash)
ORDER BY 2, 3 ON CONFLICT DO NOTHING RETURNING source, id
"""
_READ = """
SELECT topic, key FROM parked_keys
WHERE consumer = $1
  AND (topic, key) IN (SELECT t, k FROM unnest($2::text[], $3::bytea[]) u(t, k))
"""
_READ_WITH = _READ.replace("$3", "$7").replace("$2", "$6")
_INSERT_AND_READ = f"""
WITH new AS ({_INSERT}), parked AS ({_READ_WITH} ORDER BY topic, key FOR SHARE)
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


def _received(ids: Ids, now: datetime) -> list[Any]:
    parts = [[one.source, one.id, one.hash] for one in ids]
    return [*map(list, zip(*parts, strict=True)), now]


def _listed(places: Places) -> list[list[Any]]:
    ordered = sorted(places)
    return [[topic for topic, _ in ordered], [key for _, key in ordered]]


async def _read_before(_: Db, __: str, places: Places) -> set[ParkedKey]:
    return _SEEN.get() & set(places)


def keys_read_before_the_inbox(monkeypatch: pytest.MonkeyPatch) -> None:
    take = Pipeline._take

    async def read_and_take(self: Pipeline, work: Any, items: Any, places: Places = ()) -> Received:
        rows = await work.db.fetch(f"{_READ} FOR SHARE", self.group.name, *_listed(places))
        _SEEN.set({(row["topic"], row["key"]) for row in rows})
        new, _ = await take(self, work, items)
        return new, _SEEN.get()

    monkeypatch.setattr(Pipeline, "_take", read_and_take)
    monkeypatch.setattr(receiving, "read_keys", _read_before)


def keys_read_in_the_inbox_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    async def receive(db: Db, consumer: str, ids: Ids, places: Places, now: datetime) -> Received:
        asked = (*_received(ids, now), *_listed(places))
        rows = await db.fetch(_INSERT_AND_READ, consumer, *asked)
        _SEEN.set({(row["topic"], row["key"]) for row in rows if row["topic"]})
        return {Key(row["source"], row["id"]) for row in rows if row["id"]}, _SEEN.get()

    monkeypatch.setattr(receiving, "receive", receive)
    monkeypatch.setattr(receiving, "read_keys", _read_before)


def keys_read_without_a_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    async def read_keys(db: Db, consumer: str, places: Places) -> set[ParkedKey]:
        rows = await db.fetch(_READ, consumer, *_listed(places))
        return {(row["topic"], row["key"]) for row in rows}

    async def receive(db: Db, consumer: str, ids: Ids, places: Places, now: datetime) -> Received:
        rows = await db.fetch(_INSERT, consumer, *_received(ids, now))
        new = {Key(row["source"], row["id"]) for row in rows}
        return new, await read_keys(db, consumer, places)

    monkeypatch.setattr(receiving, "receive", receive)
    monkeypatch.setattr(receiving, "read_keys", read_keys)


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
