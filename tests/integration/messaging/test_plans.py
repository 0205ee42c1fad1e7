"""A few rows of a queue are found without a look at all that wait or that have left it."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from uuid import UUID, uuid4
from zlib import crc32

import pytest
from asyncpg import Pool, Record
from shared.database import Db
from shared.database.pool import open_pool
from shared.messaging import outbox, relay
from shared.messaging.outbox import ASIDE, SHARDS
from shared.work import rows

from tests.support.tally import TABLE_NAMES

FEW, MANY = 2, 15_000
BLOCKS_MAX_EACH = 60  # An update of a row and its indexes; all open rows together are thousands.
ROWS = """
INSERT INTO work_rows (order_id, kind, payload, not_before, created_at, done)
SELECT $1 || n, 'call', '{}', now() - interval '1 s', now(), $2 FROM generate_series(1, $3) n
"""
NOW, LEASE = "now()", "interval '30 s'"
EVENTS = """
INSERT INTO outbox (shard, topic, key, headers, payload, created_at)
SELECT $1 + n % $2, 'some.topic.v1', int8send(n), '', decode(repeat('00', 700), 'hex'), now()
FROM generate_series(1, $3) n
"""


@pytest.fixture
async def db(tally_dsn: str) -> AsyncIterator[Db]:
    """Analyzed while nothing was open, as a system is that has always kept up; then much came."""
    pool: Pool[Record] = await open_pool(tally_dsn, "plans", 2)
    await pool.execute(f"TRUNCATE {TABLE_NAMES}, work_rows, outbox")
    await pool.execute(ROWS, "ord_done_", True, MANY)
    await pool.execute("VACUUM ANALYZE work_rows")
    await pool.execute(ROWS, "ord_", False, MANY)
    async with pool.acquire() as connection:
        yield connection
    await pool.execute(f"TRUNCATE {TABLE_NAMES}, work_rows, outbox")
    await pool.close()


async def leased(db: Db) -> tuple[str, str]:
    """The ids and tokens of a few rows, as literals."""
    taken = await rows.lease(db, "one", FEW, await db.fetchval("SELECT now()"), 30)
    assert len(taken) == FEW
    return array([one.id for one in taken]), array([one.lease_token for one in taken])


def array(values: Iterable[int | UUID | str]) -> str:
    return "'{" + ",".join(f'"{one}"' for one in values) + "}'"


@asynccontextmanager
async def kept(db: Db, statement: str) -> AsyncIterator[Callable[..., Awaitable[int]]]:
    """The statement with a plan that is kept from its first use on; gives what a use looks at."""

    async def blocks(*literals: str) -> int:
        told = await db.fetchval(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE {name} ({', '.join(literals)})"
        )
        [found] = json.loads(told)
        return int(found["Plan"]["Shared Hit Blocks"] + found["Plan"]["Shared Read Blocks"])

    name = f"kept_{crc32(statement.encode())}"
    await db.execute(f"PREPARE {name} AS {statement}")
    try:
        yield blocks
    finally:
        await db.execute(f"DEALLOCATE {name}")


async def blocks(db: Db, statement: str, *literals: str) -> int:
    """How many blocks the statement looks at, by the plan that is made for it now."""
    async with kept(db, statement) as look:
        return await look(*literals)


async def test_a_few_rows_are_leased_begun_and_finished_of_many(db: Db) -> None:
    ids, tokens = await leased(db)
    notes = array([""] * FEW)

    looked_at = {
        "lease": await blocks(db, rows._LEASE, str(FEW), "'one'", NOW, LEASE),
        "begin": await blocks(db, rows._START_CALLS, ids, tokens, NOW, LEASE),
        "finish": await blocks(db, rows._FINISH, ids, tokens, notes),
    }

    assert {name for name, count in looked_at.items() if count > FEW * BLOCKS_MAX_EACH} == set()


async def test_a_few_rows_are_asked_for_by_a_plan_from_when_there_were_none(db: Db) -> None:
    await db.execute("TRUNCATE work_rows")
    asked = (
        array(f"ord_new_{n}" for n in range(FEW)),
        array(["call"] * FEW),
        array(["{}"] * FEW),
        f"array[{', '.join([NOW] * FEW)}]",
        array([""] * FEW),
        array(uuid4() for _ in range(FEW)),
        array(["true"] * FEW),
        NOW,
        "'one'",
        LEASE,
    )
    async with kept(db, rows._INSERT) as look:
        await look(*asked)
        await db.execute(ROWS, "ord_", False, MANY)

        assert await look(*asked) <= FEW * BLOCKS_MAX_EACH


async def test_a_few_events_are_found_beside_those_that_left_and_those_set_aside(db: Db) -> None:
    """Once a look has found that rows are gone, the next one does not visit them again."""
    await db.execute(EVENTS, 0, SHARDS, MANY)
    await db.execute("DELETE FROM outbox")
    await db.execute(EVENTS, ASIDE, SHARDS, MANY)
    await db.execute(EVENTS, 0, SHARDS, FEW)
    look = (array(range(SHARDS)), "500", "1000000", "'{}'")

    await blocks(db, relay._FETCH, *look)
    looked_at = {
        "fetch": await blocks(db, relay._FETCH, *look),
        "waiting": await blocks(db, outbox._WAITING, NOW, "'orders.events.v1'"),
    }

    assert {name for name, count in looked_at.items() if count > FEW * BLOCKS_MAX_EACH} == set()


async def test_a_few_events_are_let_in_by_a_plan_from_when_there_were_few(db: Db) -> None:
    await db.execute(EVENTS, 0, SHARDS, FEW)
    await db.execute("VACUUM ANALYZE outbox")
    async with kept(db, outbox._LET_IN) as let_in, kept(db, outbox._LET_IN_KEYS) as let_in_keys:
        keys = f"array[{', '.join(f'int8send({n})' for n in range(MANY - FEW, MANY))}]"
        await let_in(str(FEW), NOW)
        await let_in_keys(keys, NOW)
        await db.execute(EVENTS, ASIDE, SHARDS, MANY)

        looked_at = await let_in(str(FEW), NOW), await let_in_keys(keys, NOW)

    assert max(looked_at) <= FEW * BLOCKS_MAX_EACH
