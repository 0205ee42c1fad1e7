"""The mail gateway lists every arrival, and its faults are told apart by what it kept."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiohttp
import aiosmtplib
import pytest
from local_runtime.simulators.faults import MailFaults
from local_runtime.simulators.mail_sink import Ports, mail_sink
from local_runtime.simulators.mailbox import Mailbox, read_mail


@dataclass(frozen=True)
class Sink:
    ports: Ports
    session: aiohttp.ClientSession

    async def send(self, message: EmailMessage, timeout_s: float = 5.0) -> None:
        await aiosmtplib.send(
            message, hostname="127.0.0.1", port=self.ports.smtp, timeout=timeout_s
        )

    async def messages(self, **query: str) -> Any:
        async with self.session.get(self.ports.messages_url, params=query) as response:
            return await response.json()

    async def set_faults(self, **faults: float) -> int:
        url = self.ports.messages_url.replace("/messages", "/faults")
        async with self.session.post(url, json=faults) as response:
            return response.status


def a_mail(order_id: str = "o1", to: str = "ann@example.com") -> EmailMessage:
    message = EmailMessage()
    message["Message-ID"] = f"<{order_id}@orderproof.example>"
    message["From"] = "shop@example.com"
    message["To"] = to
    message["Subject"] = "Bestellung bestätigt ✓"
    message["X-Order-Id"] = order_id
    message.set_content("Danke, Ann – 10 €\n.a line that starts with a dot")
    message.add_alternative("<p>Danke</p>", subtype="html")
    return message


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    async with mail_sink(Mailbox()) as ports, aiohttp.ClientSession() as session:
        yield Sink(ports, session)


async def test_a_mail_is_shown_as_it_was_sent(sink: Sink) -> None:
    await sink.send(a_mail())

    [shown] = await sink.messages()

    assert shown["message_id"] == "<o1@orderproof.example>"
    assert shown["from"] == "shop@example.com"
    assert shown["to"] == ["ann@example.com"]
    assert shown["subject"] == "Bestellung bestätigt ✓"
    assert shown["headers"]["X-Order-Id"] == shown["order_id"] == "o1"
    assert shown["text"].splitlines() == ["Danke, Ann – 10 €", ".a line that starts with a dot"]
    assert shown["html"].strip() == "<p>Danke</p>"
    assert shown["received_at"]


async def test_duplicates_are_listed_and_filters_narrow(sink: Sink) -> None:
    await sink.send(a_mail("o1"))
    await sink.send(a_mail("o2", "bob@example.com"))
    await sink.send(a_mail("o1"))

    assert [mail["order_id"] for mail in await sink.messages()] == ["o1", "o2", "o1"]
    assert len(await sink.messages(order_id="o1")) == 2
    assert [mail["order_id"] for mail in await sink.messages(to="bob@example.com")] == ["o2"]


async def test_delete_empties_it(sink: Sink) -> None:
    await sink.send(a_mail())
    async with sink.session.delete(sink.ports.messages_url) as response:
        assert response.status == 204

    assert await sink.messages() == []


async def test_drop_after_data_keeps_the_mail_and_never_answers(sink: Sink) -> None:
    await sink.set_faults(drop_after_data_percent=100)

    with pytest.raises((aiosmtplib.SMTPServerDisconnected, ConnectionError)):
        await sink.send(a_mail())

    assert len(await sink.messages()) == 1


async def test_a_rejected_mail_is_temporary_and_not_kept(sink: Sink) -> None:
    await sink.set_faults(reject_percent=100)

    with pytest.raises(aiosmtplib.SMTPDataError) as caught:
        await sink.send(a_mail())

    assert caught.value.code == 451
    assert await sink.messages() == []


async def test_a_client_that_leaves_during_the_delay_has_sent_nothing(sink: Sink) -> None:
    await sink.set_faults(delay_s=0.3)
    with pytest.raises((aiosmtplib.SMTPException, TimeoutError)):
        await sink.send(a_mail(), timeout_s=0.1)
    await asyncio.sleep(0.4)
    assert await sink.messages() == []

    await sink.set_faults()
    await sink.send(a_mail())

    assert len(await sink.messages()) == 1


async def test_wrong_faults_are_refused(sink: Sink) -> None:
    assert await sink.set_faults(reject_percent=101) == 422
    assert await sink.set_faults(error_percent=1) == 422
    assert await sink.set_faults() == 200


async def test_ready_counts_what_it_kept_and_let_go(sink: Sink) -> None:
    url = sink.ports.messages_url.replace("/messages", "/health/ready")
    async with sink.session.get(url) as response:
        assert await response.json() == {"status": "ready", "kept_count": 0, "dropped_count": 0}


def test_the_oldest_goes_first_and_is_counted() -> None:
    mailbox = Mailbox(messages_max=2)
    for order_id in ("o1", "o2", "o3"):
        mailbox.keep(read_mail(a_mail(order_id).as_bytes(), "a@b", ["c@d"]))

    assert [mail.order_id for mail in mailbox.find()] == ["o2", "o3"]
    assert mailbox.dropped_count == 1


def test_the_file_brings_the_mails_back(tmp_path: Path) -> None:
    path = tmp_path / "mail.jsonl"
    before = Mailbox(path)
    before.keep(read_mail(a_mail().as_bytes(), "a@b", ["c@d"]))
    before.close()

    after = Mailbox(path)
    assert [mail.order_id for mail in after.find()] == ["o1"]
    after.clear()
    after.close()

    cleared = Mailbox(path)
    assert len(cleared) == 0
    cleared.close()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no headers at all \xff\xfe",
        b"Subject: \xff\xfe\r\nContent-Type: text/plain; charset=unheard-of\r\n\r\n\xff",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\nnever closed",
    ],
)
def test_a_broken_mail_is_still_listed(raw: bytes) -> None:
    mailbox = Mailbox()
    mailbox.keep(read_mail(raw, "a@b", ["c@d"]))

    [mail] = mailbox.find()
    assert str(mail.shown()).encode()


def test_seeded_rejections_repeat() -> None:
    first, again = (MailFaults(reject_percent=50, seed=3) for _ in range(2))

    assert [first.rejects(n) for n in range(50)] == [again.rejects(n) for n in range(50)]
    assert 10 < sum(first.rejects(n) for n in range(50)) < 40
