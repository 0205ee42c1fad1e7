"""A database that was made with other files than these is refused in words."""

import os
import sys
from asyncio.subprocess import PIPE, create_subprocess_exec
from collections.abc import Awaitable, Callable

import asyncpg
from shared.database.migrate import migrate
from shared.settings import EX_CONFIG

Database = Callable[[str], Awaitable[str]]
FILE = "0000_messaging.sql"


async def test_a_changed_file_ends_the_start_and_says_what_to_do(database: Database) -> None:
    dsn = await database("orders")
    db = await asyncpg.connect(dsn)
    await migrate(db, "orders")
    await db.execute("UPDATE schema_migrations SET sha256 = 'another' WHERE name = $1", FILE)
    await db.close()
    settings = {
        "ORDERPROOF_ENVIRONMENT": "local",
        "ORDERS_DATABASE_URL": dsn,
        "ORDERS_KAFKA_BOOTSTRAP": "127.0.0.1:9",
        "ORDERS_INSTANCE_NAME": "orders-1",
    }

    process = await create_subprocess_exec(
        sys.executable, "-m", "orders", env={**os.environ, **settings}, stdout=PIPE, stderr=PIPE
    )
    told = b"".join(await process.communicate()).decode()

    assert process.returncode == EX_CONFIG, told
    assert f"{FILE} was changed" in told
    assert "make clean" in told
    assert "Traceback" not in told
