"""The orders service's database, migrated, with its whole application before it."""

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx2
import pytest_asyncio
from asyncpg import Pool, Record
from orders.invariants import INVARIANTS
from shared.database.migrate import migrate
from shared.database.pool import open_pool

from tests.support.in_process import app_of, client_of


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def pool(database: Callable[[str], Awaitable[str]]) -> AsyncIterator["Pool[Record]"]:
    """A fresh database per module; at the end every promise of the service holds."""
    opened = await open_pool(await database("orders"), "orders-tests", connections_max=10)
    async with opened.acquire() as db:
        await migrate(db, "orders")
    yield opened
    for one in INVARIANTS:
        assert await opened.fetch(one.query) == [], one.name
    await opened.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def client(pool: "Pool[Record]") -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(app_of("orders", pool)) as one:
        yield one
