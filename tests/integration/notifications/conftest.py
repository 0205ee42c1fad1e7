"""One database for all tests of notifications, emptied before each; a mail server for each."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.integration.notifications.mail_server import MailServer, mail_server
from tests.integration.notifications.service import Notifications, notifications


@pytest.fixture(scope="session")
async def notifications_dsn(database: Callable[[str], Awaitable[str]]) -> str:
    return await database("notifications")


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with mail_server() as running:
        yield running


@pytest.fixture
async def service(notifications_dsn: str, server: MailServer) -> AsyncIterator[Notifications]:
    async with notifications(notifications_dsn, server.port) as running:
        await running.fetch("TRUNCATE order_messages, messages, work_rows")
        yield running
