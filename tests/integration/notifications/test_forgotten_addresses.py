"""Where an order's goods went is forgotten in time; its customer is still told what happens."""

import json
from datetime import timedelta
from typing import Any

from notifications import app
from shared.clock import Clock
from shared.retention import prune
from shared.service import Running

from tests.integration.notifications.mail_server import MailServer
from tests.integration.notifications.service import Notifications
from tests.support import mailed_orders as orders

KEPT_DAYS = 90


async def pruned(service: Notifications, after: timedelta) -> dict[str, int]:
    """How many rows of each table forgot something, so long from now."""
    running = Running(service.settings, service.pool, Clock(after), service.transactions)
    rules = app.build(service.settings).retention
    return {rule.table: n for rule in rules if (n := await prune(running, rule))}


async def details(service: Notifications) -> dict[str, Any]:
    (row,) = await service.fetch("SELECT details FROM order_messages")
    return dict(json.loads(row["details"]))


async def test_an_address_goes_after_its_time_and_not_before(service: Notifications) -> None:
    await service.tell(orders.placed())
    before = await details(service)

    assert await pruned(service, timedelta(days=KEPT_DAYS, minutes=-1)) == {}
    assert await details(service) == before

    assert await pruned(service, timedelta(days=KEPT_DAYS, minutes=1)) == {"order_messages": 1}
    address = before.pop("address")
    assert address["line1"] == "1 Road"
    assert await details(service) == before
    assert await pruned(service, timedelta(days=KEPT_DAYS, minutes=1)) == {}


async def test_a_mail_that_is_written_after_that_goes_out_without_it(
    service: Notifications, server: MailServer
) -> None:
    await service.tell(orders.placed())
    await pruned(service, timedelta(days=KEPT_DAYS + 1))
    await service.tell(orders.refunded())
    for _ in range(2):
        (row,) = await service.lease()
        await service.sender.perform(row)

    late, refund = server.arrivals
    assert "1 Road" not in late.as_string()
    assert "Hello Ada Lovelace," in refund.as_string()


async def test_a_placing_that_comes_again_does_not_bring_it_back(service: Notifications) -> None:
    await service.tell(orders.placed())
    await pruned(service, timedelta(days=KEPT_DAYS + 1))

    await service.tell(orders.placed())

    assert "address" not in await details(service)
