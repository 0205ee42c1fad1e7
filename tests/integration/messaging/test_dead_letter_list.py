"""Which parked keys are listed: by key, by reason and by event, each by its first record."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from asyncpg import Pool, Record
from shared.database.pool import open_pool
from shared.messaging.redrive import Wanted, list_dead_letters

INSERT = (
    'INSERT INTO parked_events (consumer, topic, key, partition, "offset", headers, type, reason, '
    "error_class, error, attempts, parked_at) "
    "VALUES ('tally', 'numbers', $1, 0, 0, '[]', $2, $3, '', '', 1, now())"
)
PARKED: list[tuple[bytes, str | None, str]] = [
    (b"ord_1", "placed", "handler-failed"),
    (b"ord_2", "cancelled", "handler-failed"),
    (b"ord_3", None, "bad-envelope"),
    (b"ord_4", "", "bad-envelope"),
    (b"ord_1", "cancelled", "waits-behind-another"),
]


@pytest.fixture
async def pool(tally_dsn: str) -> AsyncIterator["Pool[Record]"]:
    opened = await open_pool(tally_dsn, "letters", 4)
    await opened.execute("TRUNCATE parked_events")
    await opened.executemany(INSERT, PARKED)
    yield opened
    await opened.close()


@pytest.mark.parametrize(
    ("wanted", "keys"),
    [
        ({}, ["ord_1", "ord_2", "ord_3", "ord_4"]),
        ({"key": "ord_2"}, ["ord_2"]),
        ({"reason": "handler-failed"}, ["ord_1", "ord_2"]),
        ({"reason": "handler-failed", "type": "cancelled"}, ["ord_2"]),
        ({"type": "placed"}, ["ord_1"]),
        ({"type": ""}, ["ord_3", "ord_4"]),
        ({"reason": "waits-behind-another"}, []),
    ],
)
async def test_keys_are_listed_by_what_their_first_record_is(
    pool: "Pool[Record]", wanted: dict[str, Any], keys: list[str]
) -> None:
    async with pool.acquire() as db:
        found = await list_dead_letters(db, 0, 10, Wanted(**wanted))

    assert [one["key"] for one in found] == keys
