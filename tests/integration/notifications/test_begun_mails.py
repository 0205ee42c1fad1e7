"""A mail that its process has room for begins in the transaction that it is queued in."""

import asyncio
from functools import partial
from typing import Any

import pytest
from notifications import send_mail
from notifications.unit_of_work import MessageWork
from shared.work import rows
from shared.work.slots import Slots

from tests.integration.notifications.mail_server import MailServer
from tests.integration.notifications.service import Notifications
from tests.support import mailed_orders as orders
from tests.support.waiting import eventually


async def messages(service: Notifications) -> list[tuple[str, int]]:
    found = await service.fetch("SELECT state, attempts FROM messages ORDER BY message_id")
    return [(row["state"], row["attempts"]) for row in found]


async def all_sent(service: Notifications) -> bool:
    return {state for state, _ in await messages(service)} == {"sent"}


def nobody_else_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(*_: Any) -> list[Any]:
        return []

    async def none(*_: Any) -> set[int]:
        return set()

    monkeypatch.setattr(rows, "lease", nothing)
    monkeypatch.setattr(rows, "start_calls", none)


async def test_it_is_sent_without_being_leased_or_started_again(
    service: Notifications, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody_else_begins(monkeypatch)
    async with service.working():
        await service.tell(orders.placed("ord_1"), orders.placed("ord_2"))
        await eventually(partial(all_sent, service), "both are sent")

    assert len(server.arrivals) == 2
    assert await messages(service) == [("sent", 1), ("sent", 1)]


async def test_that_it_has_begun_is_committed_before_the_server_hears_of_it(
    service: Notifications, server: MailServer
) -> None:
    server.hold = asyncio.Event()
    async with service.working():
        await service.tell(orders.placed())
        await server.arrived.wait()
        [seen] = await service.fetch(
            "SELECT m.attempts, m.tried_at, w.call_started_at, w.lease_until "
            "FROM messages m JOIN work_rows w USING (order_id)"
        )
        server.hold.set()
        await eventually(partial(all_sent, service), "it is sent")

    assert seen["attempts"] == 1
    assert seen["tried_at"] == seen["call_started_at"] < seen["lease_until"]


async def test_it_is_the_same_mail_as_one_that_is_started_later(
    service: Notifications, server: MailServer
) -> None:
    async with service.working():
        await service.tell(orders.placed(name="Zoë", reference='<b>"1"</b>'))
        await eventually(partial(all_sent, service), "it is sent")
    async with service.transactions.begin() as work:
        await work.lock_orders({"ord_1"})
        [row] = await work.db.fetch("SELECT message_id FROM messages")
        work.add_work("ord_1", "mail", {"message_id": row["message_id"]})
    [again] = await service.lease()
    await service.sender.perform(again)

    first, second = server.arrivals
    assert first.as_bytes() == second.as_bytes()


class WideHand:
    """Room for everything, and performs nothing."""

    lease = rows.Lease("a", 20)

    def promise(self) -> bool:
        return True

    def take(self, *_: Any) -> None:
        pass

    def forget(self, promised: int) -> None:
        pass


async def test_no_more_begin_than_their_recipient_may_get_also_at_once(
    service: Notifications,
) -> None:
    service.transactions.unit_of_work = partial(MessageWork, recipient_mails_per_hour_max=3)
    service.transactions.hand = WideHand()
    spelled = ("ada@example.com", "Ada@Example.com")
    told = [orders.placed(f"ord_{n}", email=spelled[n % 2]) for n in range(8)]
    await asyncio.gather(*(service.tell(*told[n : n + 2]) for n in range(0, 8, 2)))

    tried = await service.fetch("SELECT attempts FROM messages WHERE tried_at IS NOT NULL")
    begun = await service.fetch("SELECT 1 FROM work_rows WHERE call_started_at IS NOT NULL")
    assert [row["attempts"] for row in tried] == [1, 1, 1]
    assert len(begun) == 3


async def test_one_whose_lease_is_not_new_any_more_is_started_anew(
    service: Notifications, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send_mail, "BEGUN_S_MAX", -1)
    async with service.working():
        await service.tell(orders.placed())
        await eventually(partial(all_sent, service), "it is sent")

    assert len(server.arrivals) == 1
    assert await messages(service) == [("sent", 2)]


async def test_one_that_finds_no_slot_was_not_tried(
    service: Notifications, server: MailServer
) -> None:
    free, service.mailer.slots = service.mailer.slots, Slots(calls_max=1, wait_s=0.01)

    async def untried() -> bool:
        return await messages(service) == [("queued", 0)]

    async with service.mailer.slots.take(), service.working():
        await service.tell(orders.placed())
        await eventually(untried, "it was put back")
        service.mailer.slots = free
        await eventually(partial(all_sent, service), "it is sent")

    assert await messages(service) == [("sent", 1)]


async def test_a_fact_told_again_begins_nothing(service: Notifications, server: MailServer) -> None:
    async with service.working():
        await service.tell(orders.placed(), orders.placed())
        await eventually(partial(all_sent, service), "it is sent")
        await service.tell(orders.placed())

    assert len(server.arrivals) == 1
    assert await messages(service) == [("sent", 1)]
