"""One database for all tests of payments, built anew for each, and a provider that is scripted."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.integration.payments.fake_provider import FakeProvider
from tests.integration.payments.service import Payments, payments
from tests.integration.payments.teller import Teller, a_teller


@pytest.fixture(scope="session")
async def payments_dsn(database: Callable[[str], Awaitable[str]]) -> str:
    return await database("payments")


@pytest.fixture
async def service(payments_dsn: str) -> AsyncIterator[Payments]:
    async with payments(payments_dsn) as running:
        yield running


@pytest.fixture
def provider(service: Payments) -> FakeProvider:
    return service.provider


@pytest.fixture
async def teller(service: Payments) -> AsyncIterator[Teller]:
    async with a_teller(service) as teller:
        yield teller
