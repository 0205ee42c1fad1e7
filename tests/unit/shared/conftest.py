"""The services' applications in this process, with no database behind them."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.support.in_process import app_of, client_of


@pytest.fixture(scope="session")
async def clients() -> AsyncIterator[dict[str, httpx2.AsyncClient]]:
    """Without a database: what gets through to it is an error of ours, and fails the test."""
    async with (
        client_of(app_of("orders")) as orders,
        client_of(app_of("inventory")) as inventory,
        client_of(app_of("payments")) as payments,
    ):
        yield {"orders": orders, "inventory": inventory, "payments": payments}
