"""The slow tier's databases: made once, emptied for each seed."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from asyncpg import Pool
from inventory.actions import receive_stock
from inventory.bodies import ReceiptBody
from inventory.domain.stock import Place
from local_runtime.databases import create_database
from local_runtime.paths import RunDir
from local_runtime.ports import PortBook
from local_runtime.runtimes.postgres import PostgresNode
from shared.database.migrate import migrate
from shared.database.pool import connect, open_pool

from tests.simulation.postgresql_picture import Pools
from tests.simulation.postgresql_system import PostgresqlSystem
from tests.simulation.provider import SimulatedProvider
from tests.simulation.seams import SimulatedClock
from tests.simulation.system import SERVICES
from tests.simulation.world import Profile

CONNECTIONS_MAX = 4
STOP_TIMEOUT_S = 2.0
# Three transactions: a grant that is held while a table is waited for deadlocks with autovacuum.
_EMPTY = """
DO $$ DECLARE names text; BEGIN
    SELECT string_agg(format('%I', tablename), ', ') INTO names FROM pg_tables
    WHERE schemaname = 'public' AND tablename <> 'schema_migrations';
    EXECUTE 'GRANT TRUNCATE ON ' || names || ' TO CURRENT_USER';
    COMMIT;
    EXECUTE 'TRUNCATE ' || names || ' RESTART IDENTITY CASCADE';
    COMMIT;
    EXECUTE 'REVOKE TRUNCATE ON ' || names || ' FROM CURRENT_USER';
END $$
"""


@asynccontextmanager
async def a_server() -> AsyncIterator[Callable[[str], Awaitable[str]]]:
    """A PostgreSQL of our own; makes a database for a service and gives its address."""
    with tempfile.TemporaryDirectory(prefix="orderproof-simulation-") as folder:
        run_dir = RunDir.at(Path(folder))
        server = PostgresNode(run_dir, port=PortBook(fixed=False).take(25_432))
        try:
            await server.start()
            yield lambda service: create_database(server.admin_dsn, f"sim_{service}", service)
        finally:
            await server.stop(STOP_TIMEOUT_S)
            run_dir.remove()


@asynccontextmanager
async def open_pools(database: Callable[[str], Awaitable[str]]) -> AsyncIterator[Pools]:
    """A database of each service with its tables."""
    pools: dict[str, Pool[Any]] = {}
    async with AsyncExitStack() as stack:
        for service in SERVICES:
            dsn = await database(service)
            await _hurry(dsn)
            pool = pools[service] = await open_pool(dsn, "simulation", CONNECTIONS_MAX)
            stack.push_async_callback(pool.close)
            async with pool.acquire() as db:
                await migrate(db, service)
        yield pools


async def _hurry(dsn: str) -> None:
    """Commits need not reach the disk: here a crash is a transaction that is undone."""
    db = await connect(dsn, "simulation")
    name = await db.fetchval("SELECT quote_ident(current_database())")
    await db.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    await db.close()


def on(
    pools: Pools,
) -> Callable[[SimulatedClock, SimulatedProvider, Profile], Awaitable[PostgresqlSystem]]:
    """What makes a seed's system on these databases, which it empties first."""

    async def make(
        clock: SimulatedClock, provider: SimulatedProvider, chosen: Profile
    ) -> PostgresqlSystem:
        await asyncio.gather(*(pool.execute(_EMPTY) for pool in pools.values()))
        system = PostgresqlSystem(pools, clock, provider, chosen.deadline_s)
        async with system.transactions["inventory"].begin() as work:
            await receive_stock(work, [_receipt(*one) for one in chosen.stock.items()])
        return system

    return make


def _receipt(place: Place, units: int) -> ReceiptBody:
    return ReceiptBody(sku=place.sku, location=place.location, quantity=units)
