"""When notifications ends it hangs up: no connection is left to the mail server."""

import asyncio

from notifications import app
from shared.clock import Clock
from shared.service import Running

from tests.integration.notifications.mail_server import MailServer
from tests.integration.notifications.service import Notifications
from tests.support import mailed_orders as orders
from tests.support.waiting import eventually


async def test_the_connections_that_mails_went_over_are_closed_at_the_end(
    service: Notifications, server: MailServer
) -> None:
    built = app.build(service.settings)
    assert built.worker is not None
    assert built.close is not None
    await service.tell(orders.placed())
    running = Running(service.settings, service.pool, Clock(), service.transactions)
    worker = built.worker(running)
    working = asyncio.create_task(worker.run())
    await asyncio.wait_for(server.arrived.wait(), 10)
    working.cancel()
    await worker.drain(5)
    assert server.open == 1, "kept for the next mail"

    await built.close()

    async def hung_up() -> bool:
        return server.open == 0

    await eventually(hung_up, "the connection closed")
