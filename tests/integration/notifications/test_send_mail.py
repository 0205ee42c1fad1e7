"""Mails over real SMTP: in order, again under the same id, and recorded by the lease's owner."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest
from notifications.domain.letter import Message
from notifications.mailer import MailDelayed
from shared.work.slots import Slots
from structlog.testing import capture_logs

from shared import idle
from tests.integration.notifications.mail_server import MailServer
from tests.integration.notifications.service import Notifications
from tests.support import mailed_orders as orders


async def states(service: Notifications) -> list[tuple[str, int]]:
    found = await service.fetch("SELECT state, attempts FROM messages ORDER BY message_id")
    return [(row["state"], row["attempts"]) for row in found]


async def eventually_sent(service: Notifications, sent: int) -> None:
    async def enough() -> bool:
        return sum(state == "sent" for state, _ in await states(service)) >= sent

    await eventually(enough)


async def eventually(condition: Callable[[], Awaitable[bool]], within_s: float = 10) -> None:
    deadline_s = time.monotonic() + within_s
    while not await condition():
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0.02)


async def test_a_mail_arrives_with_its_order_and_is_recorded(
    service: Notifications, server: MailServer
) -> None:
    await service.tell(orders.placed())
    for row in await service.lease():
        await service.sender.perform(row)

    (mail,) = server.arrivals
    (stored,) = await service.fetch("SELECT * FROM messages")
    assert server.recipients == ["ada@example.com"]
    assert mail["X-Order-Id"] == "ord_1"
    assert mail["Message-ID"] == f"<{stored['message_id']}@orderproof.invalid>"
    assert mail["Subject"] == stored["subject"]
    assert mail.get_content_type() == "multipart/alternative"
    text, html = (part.get_content() for part in mail.iter_parts())
    assert "Hello Ada Lovelace," in text
    assert "Hello Ada Lovelace," in html
    assert (stored["state"], stored["attempts"]) == ("sent", 1)
    assert stored["sent_at"] >= stored["created_at"]
    assert await service.lease() == []


async def test_each_mail_of_a_batch_goes_to_its_own_customer_and_names_no_other(
    service: Notifications, server: MailServer
) -> None:
    names = {"ada": "Ada Lovelace", "bob": "Bob Brown", "cyd": "Cyd Charisse", "dan": "Dan Dare"}
    await service.tell(
        *(
            orders.placed(f"ord_{one}", name=name, email=f"{one}@example.com", reference=one)
            for one, name in names.items()
        )
    )
    await asyncio.gather(*(service.sender.perform(row) for row in await service.lease()))

    assert len(server.arrivals) == len(names)
    for mail, recipient in zip(server.arrivals, server.recipients, strict=True):
        one = mail["X-Order-Id"].removeprefix("ord_")
        assert (recipient, mail["To"]) == (f"{one}@example.com", f"{one}@example.com")
        told = "".join(part.get_content() for part in mail.iter_parts())
        assert [name for name in names.values() if name in told] == [names[one]]


async def test_the_mails_of_an_order_arrive_in_the_order_of_its_facts(
    service: Notifications, server: MailServer
) -> None:
    server.data_answers = ["451 later"]
    ids = [f"ord_{number}" for number in range(5)]
    await service.tell(*map(orders.placed, ids), *map(orders.confirmed, ids))
    async with service.working():
        await service.tell(*map(orders.delivered, ids))
        await eventually_sent(service, 15)

    for order_id in ids:
        subjects = [m["Subject"] for m in server.arrivals if m["X-Order-Id"] == order_id]
        told = [s.removeprefix("Your order web-1 ") for s in dict.fromkeys(subjects)]
        assert told == ["has been received", "is confirmed", "was delivered"]


async def test_a_mail_delayed_comes_again_as_the_same_mail(
    service: Notifications, server: MailServer
) -> None:
    server.data_answers = ["451 4.3.0 later"]
    await service.tell(orders.placed())
    async with service.working():
        await eventually_sent(service, 1)

    first, second = server.arrivals
    assert first.as_bytes() == second.as_bytes()
    assert await states(service) == [("sent", 2)]


@pytest.mark.parametrize("answer", ["450 4.2.0 <ada@example.com> busy", "421 4.3.2 closing"])
async def test_a_transient_answer_to_the_recipient_delays_without_naming_it(
    service: Notifications, server: MailServer, answer: str
) -> None:
    server.rcpt_answers = [answer]
    await service.tell(orders.placed())
    (row,) = await service.lease()
    with pytest.raises(MailDelayed) as delayed:
        await service.sender.perform(row)

    assert str(delayed.value) == f"SMTP {answer[:3]}"
    assert await states(service) == [("queued", 1)]


async def test_a_server_that_is_away_delays(service: Notifications) -> None:
    service.mailer.settings = service.settings.model_copy(update={"smtp_port": 9})
    await service.tell(orders.placed())
    (row,) = await service.lease()
    with pytest.raises(MailDelayed, match="SMTPConnectError"):
        await service.sender.perform(row)


async def test_a_server_that_never_answers_is_left_after_the_timeout(
    service: Notifications, server: MailServer
) -> None:
    server.hold = asyncio.Event()
    service.mailer.settings = service.settings.model_copy(update={"call_timeout_s": 0.2})
    await service.tell(orders.placed())
    (row,) = await service.lease()
    with pytest.raises(MailDelayed):
        await service.sender.perform(row)
    server.hold.set()

    assert await states(service) == [("queued", 1)]


@pytest.mark.parametrize("step", ["rcpt_answers", "data_answers"])
async def test_a_permanent_answer_refuses_the_mail_and_lets_the_next_through(
    service: Notifications, server: MailServer, step: str
) -> None:
    setattr(server, step, ["550 5.1.1 <ada@example.com> unknown"])
    await service.tell(orders.placed(), orders.confirmed())
    with capture_logs() as logs:
        async with service.working():
            await eventually_sent(service, 1)

    assert await states(service) == [("refused", 1), ("sent", 1)]
    assert [entry["event"] for entry in logs] == ["mail-refused"]
    assert "ada@example.com" not in str(logs)
    (noted, _) = await service.fetch("SELECT last_error, done FROM work_rows ORDER BY id")
    assert tuple(noted) == ("SMTP 550", True)


async def test_an_address_that_is_none_is_refused_without_a_call(
    service: Notifications, server: MailServer
) -> None:
    await service.tell(orders.placed(email="a,b@example.com"))
    (row,) = await service.lease()
    await service.sender.perform(row)

    assert await states(service) == [("refused", 1)]
    assert server.connections == 0


async def test_an_address_outside_ascii_is_reached(
    service: Notifications, server: MailServer
) -> None:
    await service.tell(orders.placed(email="jörg@example.com"))
    (row,) = await service.lease()
    await service.sender.perform(row)

    assert server.recipients == ["jörg@example.com"]


async def test_who_lost_the_lease_before_the_call_sends_nothing(
    service: Notifications, server: MailServer
) -> None:
    await service.tell(orders.placed())
    (lost,) = await service.lease("a", lease_s=0)
    (taken,) = await service.lease("b")
    await service.sender.perform(lost)
    assert server.arrivals == []
    assert await states(service) == [("queued", 0)]

    await service.sender.perform(taken)
    assert await states(service) == [("sent", 1)]


async def test_who_lost_the_lease_during_the_call_records_nothing(
    service: Notifications, server: MailServer
) -> None:
    server.hold = asyncio.Event()
    await service.tell(orders.placed())
    (lost,) = await service.lease("a")
    losing = asyncio.create_task(service.sender.perform(lost))
    await server.arrived.wait()
    await service.fetch("UPDATE work_rows SET lease_until = now()")
    (taken,) = await service.lease("b")
    server.hold.set()
    await losing
    assert await states(service) == [("queued", 1)]

    await service.sender.perform(taken)
    first, second = server.arrivals
    assert first["Message-ID"] == second["Message-ID"]
    assert await states(service) == [("sent", 2)]


async def test_mails_one_after_the_other_share_a_connection(
    service: Notifications, server: MailServer
) -> None:
    await service.tell(orders.placed(), orders.confirmed(), orders.delivered())
    for _ in range(3):
        (row,) = await service.lease()
        await service.sender.perform(row)

    assert len(server.arrivals) == 3
    assert server.connections == 1


async def test_a_mail_the_release_before_queued_is_sent_as_the_text_it_wrote(
    service: Notifications, server: MailServer
) -> None:
    await service.tell(orders.placed())
    await service.fetch("UPDATE messages SET fact = NULL, body = 'Dear Ada,'")
    (row,) = await service.lease()
    await service.sender.perform(row)

    (mail,) = server.arrivals
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().strip() == "Dear Ada,"


async def test_a_mail_that_finds_no_slot_is_not_sent_and_waits_for_its_turn(
    service: Notifications, server: MailServer
) -> None:
    await service.tell(orders.placed())
    (row,) = await service.lease()
    service.mailer.slots = Slots(calls_max=1, wait_s=0.01)
    async with service.mailer.slots.take():
        await service.sender.perform(row)
    assert server.arrivals == []
    assert await states(service) == [("queued", 0)]

    (again,) = await service.lease()
    await service.sender.perform(again)
    assert len(server.arrivals) == 1
    assert await states(service) == [("sent", 1)]


async def test_a_later_mail_of_an_order_is_taken_up_when_the_one_in_hand_is_done(
    service: Notifications, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The net below wakes, a look every second, is not waited for."""
    monkeypatch.setattr(idle, "LOOK_FIRST_S", 60)
    async with service.working():
        await service.tell(orders.placed(), orders.confirmed())
        await eventually_sent(service, 2)
    assert [one["X-Order-Id"] for one in server.arrivals] == ["ord_1", "ord_1"]
    subjects = [one["Subject"] for one in server.arrivals]
    assert len(set(subjects)) == 2


async def test_a_mail_is_not_taken_up_at_its_birth_beside_an_earlier_one(
    service: Notifications, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = asyncio.Event()
    send = service.mailer.send

    async def wait_and_send(message: Message) -> None:
        await gate.wait()
        await send(message)

    monkeypatch.setattr(service.mailer, "send", wait_and_send)
    async with service.working():
        await service.tell(orders.placed())
        await service.tell(orders.confirmed())
        rows = await service.fetch("SELECT lease_token FROM work_rows ORDER BY id")
        assert [row["lease_token"] is not None for row in rows] == [True, False]
        gate.set()
        await eventually_sent(service, 2)
    sent = await service.fetch("SELECT subject FROM messages ORDER BY created_at, message_id")
    assert [one["Subject"] for one in server.arrivals] == [row["subject"] for row in sent]
