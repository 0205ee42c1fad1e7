"""Migrations by instances that start together, and a database made with other files than these."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, create_subprocess_exec
from collections.abc import Awaitable, Callable

import asyncpg
import pytest
from shared.database.migrate import Migration, migrate, migrate_at
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


async def test_instances_that_start_together_apply_each_file_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Migration("0001_slow.sql", "SELECT pg_sleep(0.3); CREATE TABLE made (number integer)")
    monkeypatch.setattr("shared.database.migrate.migrations_of", lambda _: [slow])
    dsn = await database("orders")

    applied = await asyncio.gather(*(migrate_at(dsn, name, "any") for name in ("a", "b", "c")))

    assert sorted(applied) == [[], [], [slow.name]]
