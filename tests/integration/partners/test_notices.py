"""A partner whose endpoint is disabled is told by mail, once, what to do."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from notifications.mailer import Mailer
from notifications.partners.notices import NOTICE, NoticeSender
from shared.work.slots import Slots
from shared.work.worker import Worker

from tests.integration.notifications.mail_server import MailServer, mail_server
from tests.support.fulfilment import opened
from tests.support.partner_world import PartnerWorld
from tests.support.receivers import Receivers
from tests.support.waiting import eventually

REQUEST = re.compile(r"(PATCH|POST) (/\S+)\s+(\{.*\})")


@pytest.fixture
async def mails() -> AsyncIterator[MailServer]:
    async with mail_server() as running:
        yield running


@asynccontextmanager
async def working(world: PartnerWorld, mails: MailServer) -> AsyncIterator[None]:
    """The service's worker, as far as notices go."""
    settings = world.settings.model_copy(update={"smtp_port": mails.port})
    mailer = Mailer(settings)
    sender = NoticeSender(world.running.transactions, mailer, settings)
    worker = Worker(world.running.transactions, "a", sender.perform, slots=Slots(4), lease_s=20)
    running = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await worker.drain(5)
        mailer.close()


async def done(world: PartnerWorld) -> bool:
    rows = await world.fetch("SELECT done FROM work_rows WHERE kind = $1", NOTICE)
    return bool(rows) and all(row["done"] for row in rows)


async def test_who_has_left_an_address_is_told_which_endpoint_why_and_what_to_do(
    world: PartnerWorld, partner_servers: Receivers, mails: MailServer
) -> None:
    key = await world.add_partner("north", contact_email="ops@north.example")
    told = await world.register(key, partner_servers.url("gone", "north"))
    await world.tell(*(opened(f"ord_{number}") for number in range(5)))
    async with working(world, mails):
        await world.send_all()
        await eventually(lambda: done(world), "the notice is sent")

    [mail] = mails.arrivals
    assert mails.recipients == ["ops@north.example"]
    assert mail["Subject"] == "Webhooks to north are disabled"
    text = mail.get_content()
    assert told["url"] in text
    assert "410 Gone" in text
    assert f"/v1/webhook-endpoints/{told['endpoint_id']}/replay" in text


async def test_who_does_what_the_mail_says_gets_all_that_was_missed(
    world: PartnerWorld, partner_servers: Receivers, mails: MailServer
) -> None:
    """What was refused was there before the endpoint was disabled, the rest came after that."""
    key = await world.add_partner("north", contact_email="ops@north.example")
    await world.register(key, partner_servers.url("gone", "north"))
    await world.tell(opened("ord_refused"))
    world.clock.move(timedelta(seconds=10))
    async with working(world, mails):
        await world.send_all()
        await eventually(lambda: done(world), "the notice is sent")
    await world.tell(opened("ord_later"))
    await world.send_all()
    partner_servers.behave("north", lambda _: "ok")

    [mail] = mails.arrivals
    for method, path, body in REQUEST.findall(mail.get_content()):
        answer = await world.http.request(method, path, json=json.loads(body), headers=key)
        assert answer.is_success, answer.text
    await world.send_all()

    got = {one.event["data"]["order_id"] for one in partner_servers.taken["north"]}
    assert got == {"ord_refused", "ord_later"}


async def test_calls_that_were_under_way_do_not_have_it_told_again(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    key = await world.add_partner("north", contact_email="ops@north.example")
    await world.register(key, partner_servers.url("ok", "north"), concurrency_max=8)
    await world.tell(*(opened(f"ord_{number}") for number in range(20)))
    partner_servers.behave(
        "north", lambda _: "ok" if len(partner_servers.by_name["north"]) < 8 else "gone"
    )
    await world.send_all()

    assert len(partner_servers.received) > 9
    assert len(await world.fetch("SELECT 1 FROM work_rows WHERE kind = $1", NOTICE)) == 1


async def test_who_has_left_no_address_is_not_written_to(
    world: PartnerWorld, partner_servers: Receivers, mails: MailServer
) -> None:
    key = await world.add_partner("north")
    await world.register(key, partner_servers.url("gone", "north"))
    await world.tell(opened("ord_1"))
    async with working(world, mails):
        await world.send_all()
        await eventually(lambda: done(world), "the row is done")

    assert mails.arrivals == []


async def test_an_address_that_is_none_is_refused(world: PartnerWorld) -> None:
    answer = await world.http.post(
        "/ops/partners", json={"name": "north", "contact_email": "nobody"}
    )

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/contact_email"
