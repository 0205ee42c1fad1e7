"""No address gets more than so many mails within an hour; the rest waits and then goes."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from notifications.mailer import MailDelayed
from shared.clock import Clock
from structlog.testing import capture_logs

from tests.integration.notifications.mail_server import MailServer
from tests.integration.notifications.service import Notifications
from tests.support import mailed_orders as orders


def limit(service: Notifications, mails_per_hour_max: int) -> None:
    changed = {"recipient_mails_per_hour_max": mails_per_hour_max}
    settings = service.settings.model_copy(update=changed)
    service.sender = replace(service.sender, settings=settings)


def travel(service: Notifications, **offset: float) -> None:
    service.transactions.clock = Clock(timedelta(**offset))


async def place(service: Notifications, count: int, email: str = "ada@example.com") -> None:
    ids = [f"ord_{email.partition('@')[0]}_{number}" for number in range(count)]
    await service.tell(*(orders.placed(order_id, email=email) for order_id in ids))


async def perform_all_due(service: Notifications) -> None:
    rows = await service.lease(limit=100)
    await asyncio.gather(*(service.sender.perform(row) for row in rows))


async def test_what_is_beyond_the_limit_waits_until_the_hour_is_over(
    service: Notifications, server: MailServer
) -> None:
    limit(service, 2)
    await place(service, 3)
    with capture_logs() as logs:
        await perform_all_due(service)

    assert len(server.arrivals) == 2
    assert [one["event"] for one in logs] == ["mail-waits"]
    assert "ada@example.com" not in str(logs)

    travel(service, minutes=59)
    await perform_all_due(service)
    assert len(server.arrivals) == 2

    travel(service, minutes=61)
    await perform_all_due(service)
    assert len(server.arrivals) == 3


async def test_mails_at_once_do_not_pass_the_limit_together(
    service: Notifications, server: MailServer
) -> None:
    limit(service, 3)
    await place(service, 8)
    await perform_all_due(service)

    assert len(server.arrivals) == 3


async def test_the_same_address_in_other_letters_is_the_same_recipient(
    service: Notifications, server: MailServer
) -> None:
    limit(service, 1)
    await place(service, 1, "ada@example.com")
    await place(service, 1, "Ada@Example.com")
    await perform_all_due(service)

    assert len(server.arrivals) == 1


async def test_other_addresses_are_not_held_up(service: Notifications, server: MailServer) -> None:
    limit(service, 1)
    await place(service, 3)
    await place(service, 1, "bob@example.com")
    await perform_all_due(service)

    assert sorted(server.recipients) == ["ada@example.com", "bob@example.com"]


async def test_a_mail_tried_again_does_not_count_twice(
    service: Notifications, server: MailServer
) -> None:
    limit(service, 1)
    server.data_answers = ["451 later"]
    await place(service, 1)
    (row,) = await service.lease()
    with pytest.raises(MailDelayed):
        await service.sender.perform(row)
    await service.sender.perform(row)

    (first, second) = server.arrivals
    assert first["Message-ID"] == second["Message-ID"]
