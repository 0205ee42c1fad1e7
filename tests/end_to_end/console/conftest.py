"""A stack with the console, and a browser on it, once for each module."""

from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from local_runtime.config import WITH_CONSOLE, StackConfig
from local_runtime.runtimes.base import Backing

from tests.conftest import a_shop
from tests.support.shop import Shop

if TYPE_CHECKING:  # Without it these tests say that they did not run; the others run.
    from playwright.async_api import Browser

    from tests.support.browser import Watched

LOOK_TIMEOUT_MS = 15_000


@pytest.fixture(scope="module")
async def console(
    backing: Backing, run_dir: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Shop]:
    async with a_shop(
        backing,
        run_dir,
        request.module.__name__.rpartition("_")[2],
        StackConfig(services=WITH_CONSOLE),
        CONSOLE_LOOK_INTERVAL_S="0.5",
        ORDERS_DEADLINE_S="300",
        INVENTORY_PARKED_ORDERS_PER_MINUTE_MAX="100000",
        NOTIFICATIONS_PARTNER_SECRETS_KEY=b64encode(bytes(32)).decode(),
        NOTIFICATIONS_WEBHOOK_NETWORKS='["127.0.0.0/8"]',
    ) as running:
        yield running


@pytest.fixture(scope="module")
async def browser(console: Shop) -> "AsyncIterator[Browser]":
    from playwright.async_api import expect

    from tests.support.browser import a_browser

    expect.set_options(timeout=LOOK_TIMEOUT_MS)
    async with a_browser() as running:
        yield running


@pytest.fixture
async def seen(console: Shop, browser: "Browser") -> "AsyncIterator[Watched]":
    from tests.support.browser import watched

    async with watched(browser, console.url("console")) as page:
        yield page


@pytest.fixture
def console_bug(console: Shop) -> Iterator[Any]:
    """Plant a bug in inventory's handler for some SKUs; it is mended at the end."""
    switch = console.crash_dir / "bug"

    def plant(*skus: str) -> None:
        switch.write_text(" ".join(skus))

    yield plant
    switch.unlink(missing_ok=True)
