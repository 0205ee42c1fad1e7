"""No address gets more than so many mails within an hour; the rest waits and then goes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from notifications.mailer import MailDelayed
from shared.clock import Clock
from shared.work.rows import LeasedRow
from shared.work.slots import NoSlot, Slots
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


async def attempts(service: Notifications) -> int:
    (found,) = await service.fetch("SELECT attempts FROM messages")
    return int(found["attempts"])


async def find_no_slot(service: Notifications, row: LeasedRow) -> None:
    free, taken = service.mailer.slots, Slots(calls_max=1, wait_s=0.01)
    service.mailer.slots = taken
    async with taken.take():
        await service.sender.perform(row)
    service.mailer.slots = free


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


async def test_a_mail_that_found_no_slot_is_none_of_the_hours_mails(
    service: Notifications, server: MailServer
) -> None:
    limit(service, 1)
    await place(service, 1, "ada@example.com")
    await place(service, 1, "Ada@Example.com")
    unsent, other = await service.lease()
    await find_no_slot(service, unsent)
    await service.sender.perform(other)

    assert server.recipients == ["Ada@Example.com"]


async def test_a_mail_that_found_no_slot_was_tried_when_it_was_tried_before(
    service: Notifications, server: MailServer
) -> None:
    server.data_answers = ["451 later"]
    await place(service, 1)
    (row,) = await service.lease()
    with pytest.raises(MailDelayed):
        await service.sender.perform(row)
    (before,) = await service.fetch("SELECT attempts, tried_at FROM messages")
    travel(service, minutes=30)
    await find_no_slot(service, row)

    (after,) = await service.fetch("SELECT attempts, tried_at FROM messages")
    assert (after["attempts"], after["tried_at"]) == (1, before["tried_at"])


async def test_who_lost_the_lease_for_want_of_a_slot_takes_nothing_back(
    service: Notifications, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[LeasedRow] = []

    @asynccontextmanager
    async def lease_lost_meanwhile() -> AsyncIterator[None]:
        await service.fetch("UPDATE work_rows SET lease_until = now() - interval '1 hour'")
        taken.extend(await service.lease("b"))
        if taken:
            raise NoSlot
        yield

    await place(service, 1)
    (lost,) = await service.lease("a")
    with monkeypatch.context() as patched:
        patched.setattr(service.mailer.slots, "take", lease_lost_meanwhile)
        await service.sender.perform(lost)
    assert await attempts(service) == 1

    (again,) = taken
    await service.sender.perform(again)
    assert await attempts(service) == 2
    assert len(server.arrivals) == 1
