"""One database for all tests of the console, emptied before each; services that are not there."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from asyncpg import Pool, Record
from shared.database.migrate import migrate
from shared.database.pool import open_pool

from tests.integration.console.services import FakeServices, fake_services


@pytest.fixture(scope="session")
async def console_dsn(database: Callable[[str], Awaitable[str]]) -> str:
    return await database("console")


@pytest.fixture
async def pool(console_dsn: str) -> AsyncIterator["Pool[Record]"]:
    opened = await open_pool(console_dsn, "console-test", 6)
    async with opened.acquire() as db:
        await migrate(db, "console")
        await db.execute("TRUNCATE records, orders, order_terms, actions, spans")
        await db.execute("UPDATE span_ring SET slot = 0, opened_at = now()")
    yield opened
    await opened.close()


@pytest.fixture
async def services() -> AsyncIterator[FakeServices]:
    async with fake_services() as running:
        yield running
