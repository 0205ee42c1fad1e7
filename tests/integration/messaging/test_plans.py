"""However many work rows are open, a few of them are found without a look at all the others."""

import json
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import pytest
from asyncpg import Pool, Record
from shared.database import Db
from shared.database.pool import open_pool
from shared.work import rows

from tests.support.tally import TABLE_NAMES

FEW, MANY = 2, 15_000
BLOCKS_MAX_EACH = 60  # An update of a row and its indexes; all open rows together are thousands.
ROWS = """
INSERT INTO work_rows (order_id, kind, payload, not_before, created_at, done)
SELECT $1 || n, 'call', '{}', now() - interval '1 s', now(), $2 FROM generate_series(1, $3) n
"""
NOW, LEASE = "now()", "interval '30 s'"


@pytest.fixture
async def db(tally_dsn: str) -> AsyncIterator[Db]:
    """Analyzed while nothing was open, as a system is that has always kept up; then much came."""
    pool: Pool[Record] = await open_pool(tally_dsn, "plans", 2)
    await pool.execute(f"TRUNCATE {TABLE_NAMES}, work_rows")
    await pool.execute(ROWS, "ord_done_", True, MANY)
    await pool.execute("VACUUM ANALYZE work_rows")
    await pool.execute(ROWS, "ord_", False, MANY)
    async with pool.acquire() as connection:
        yield connection
    await pool.execute(f"TRUNCATE {TABLE_NAMES}, work_rows")
    await pool.close()


async def leased(db: Db) -> tuple[str, str]:
    """The ids and tokens of a few rows, as literals."""
    taken = await rows.lease(db, "one", FEW, await db.fetchval("SELECT now()"), 30)
    assert len(taken) == FEW
    return array([one.id for one in taken]), array([one.lease_token for one in taken])


def array(values: Sequence[int | UUID | str]) -> str:
    return "'{" + ",".join(map(str, values)) + "}'"


async def blocks(db: Db, statement: str, *literals: str) -> int:
    """How many blocks the statement looks at, by the plan that is kept for it."""
    await db.execute(f"PREPARE few AS {statement}")
    try:
        told = await db.fetchval(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE few ({', '.join(literals)})"
        )
    finally:
        await db.execute("DEALLOCATE few")
    [found] = json.loads(told)
    return int(found["Plan"]["Shared Hit Blocks"] + found["Plan"]["Shared Read Blocks"])


async def test_a_few_rows_are_leased_begun_and_finished_of_many(db: Db) -> None:
    ids, tokens = await leased(db)
    notes = array(['""'] * FEW)

    looked_at = {
        "lease": await blocks(db, rows._LEASE, str(FEW), "'one'", NOW, LEASE),
        "begin": await blocks(db, rows._START_CALLS, ids, tokens, NOW, LEASE),
        "finish": await blocks(db, rows._FINISH, ids, tokens, notes),
    }

    assert {name for name, count in looked_at.items() if count > FEW * BLOCKS_MAX_EACH} == set()
