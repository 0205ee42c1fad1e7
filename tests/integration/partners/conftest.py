"""One database for all tests of partners, emptied before each and whole after it; receivers."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.support.partner_world import PartnerWorld, partner_world
from tests.support.receivers import Receivers, receivers


@pytest.fixture(scope="session")
async def partners_dsn(database: Callable[[str], Awaitable[str]]) -> str:
    return await database("notifications")


@pytest.fixture
async def world(partners_dsn: str) -> AsyncIterator[PartnerWorld]:
    async with partner_world(partners_dsn) as running:
        await running.empty()
        yield running
        assert await running.broken() == {}


@pytest.fixture
async def partner_servers() -> AsyncIterator[Receivers]:
    async with receivers() as running:
        yield running
