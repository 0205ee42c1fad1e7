"""A mail sent once more by hand: the same mail, and not while it is on its way anyway."""

from tests.integration.notifications.mail_server import MailServer
from tests.integration.notifications.service import Notifications
from tests.integration.notifications.test_message_log import client
from tests.support import mailed_orders as orders


async def the_message(service: Notifications) -> str:
    [row] = await service.fetch("SELECT message_id FROM messages")
    return str(row["message_id"])


async def send(service: Notifications) -> None:
    """The mail whose turn it is."""
    [row] = await service.lease()
    await service.sender.perform(row)


async def test_a_mail_that_was_sent_is_sent_again_under_its_message_id(
    service: Notifications, server: MailServer
) -> None:
    await service.tell(orders.placed())
    await send(service)
    async with client(service) as http:
        answer = await http.post(f"/v1/messages/{await the_message(service)}/resend")
    await send(service)

    assert answer.status_code == 202
    first, second = server.arrivals
    assert first["Message-ID"] == second["Message-ID"]
    assert first.as_bytes() == second.as_bytes()


async def test_a_mail_that_was_sent_stays_so_when_it_is_refused_the_second_time(
    service: Notifications, server: MailServer
) -> None:
    await service.tell(orders.placed())
    await send(service)
    async with client(service) as http:
        await http.post(f"/v1/messages/{await the_message(service)}/resend")
    server.data_answers = ["550 5.7.1 not twice"]
    await send(service)

    [message] = await service.fetch("SELECT state, attempts FROM messages")
    works = await service.fetch("SELECT done, last_error FROM work_rows ORDER BY id")
    assert tuple(message) == ("sent", 2)
    assert [tuple(one) for one in works] == [(True, None), (True, "SMTP 550")]


async def test_one_that_is_queued_already_is_not_queued_twice(service: Notifications) -> None:
    await service.tell(orders.placed())
    async with client(service) as http:
        answer = await http.post(f"/v1/messages/{await the_message(service)}/resend")

    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:problem:already-queued"
    assert len(await service.lease()) == 1


async def test_a_message_that_is_not_there_is_not_found(service: Notifications) -> None:
    async with client(service) as http:
        assert (await http.post("/v1/messages/msg_none/resend")).status_code == 404
