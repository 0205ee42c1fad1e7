"""Ways to break a service's database that leave nothing behind."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from tests.support.shop import Shop

_REFUSE = """
CREATE FUNCTION refuse_for_a_test() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN RAISE 'the disk is full' USING ERRCODE = '53100'; END$$;
CREATE TRIGGER refuse_for_a_test BEFORE {what} EXECUTE FUNCTION refuse_for_a_test();
"""


@asynccontextmanager
async def an_open_transaction(
    shop: Shop, service: str, *statements: str
) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """Somebody has begun one in a service's database, holds its locks, and does nothing more."""
    db = await asyncpg.connect(
        shop.system.addresses.databases[service], server_settings={"application_name": "somebody"}
    )
    try:
        await db.execute("BEGIN")
        for statement in statements:
            await db.execute(statement)
        yield db
    finally:
        await db.close()


@asynccontextmanager
async def a_full_disk(shop: Shop, service: str, what: str) -> AsyncIterator[None]:
    """``what`` is refused as PostgreSQL does when it has no room: ``INSERT ON t FOR EACH ROW``."""
    db = await asyncpg.connect(shop.system.addresses.databases[service])
    try:
        await db.execute(_REFUSE.format(what=what))
        yield
    finally:
        await db.execute("DROP FUNCTION refuse_for_a_test CASCADE")
        await db.close()
