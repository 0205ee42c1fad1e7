"""One database for the tests of this folder, emptied before each."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.support.tally import TABLE_NAMES, TallyService, create_tables, tally_service


@pytest.fixture(scope="session")
async def tally_dsn(database: Callable[[str], Awaitable[str]]) -> str:
    dsn = await database("tally")
    await create_tables(dsn)
    return dsn


@pytest.fixture
async def service(tally_dsn: str) -> AsyncIterator[TallyService]:
    async with tally_service(tally_dsn) as running:
        await running.fetch(f"TRUNCATE {TABLE_NAMES}")
        yield running
