"""Inventory's database, migrated, and its units of work."""

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx2
import pytest_asyncio
from fastapi import FastAPI
from inventory import api
from inventory.work import InventoryWork
from shared.clock import Clock
from shared.database.migrate import migrate
from shared.database.pool import open_pool
from shared.http import problem
from shared.messaging.unit_of_work import Transactions

from tests.integration.inventory.support import Client, Inventory, broken_promises


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def inventory(database: Callable[[str], Awaitable[str]]) -> AsyncIterator[Inventory]:
    """A fresh database per module; at the end everything in it must add up."""
    dsn = await database("inventory")
    pool = await open_pool(dsn, "inventory-tests", connections_max=20)
    async with pool.acquire() as db:
        await migrate(db, "inventory")
    yield Transactions(pool, Clock(), InventoryWork)
    assert await broken_promises(pool) == {}
    await pool.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def client(inventory: Inventory) -> AsyncIterator[Client]:
    """A client of inventory's routes; an error of ours is an answer, not an exception."""
    app = FastAPI()
    problem.install(app)
    app.include_router(api.router(inventory, inventory.pool))
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with Client(transport=transport, base_url="http://inventory") as one:
        yield one
