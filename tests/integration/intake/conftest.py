"""The orders service's database, built once for all tests of this folder."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.integration.intake.service import Orders, orders


@pytest.fixture(scope="session")
async def orders_dsn(database: Callable[[str], Awaitable[str]]) -> str:
    return await database("orders")


@pytest.fixture
async def service(orders_dsn: str) -> AsyncIterator[Orders]:
    async with orders(orders_dsn) as running:
        yield running
