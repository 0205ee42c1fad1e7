"""A mail server in this process: it keeps what it takes and answers as it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session

OK = "250 OK"


@dataclass
class MailServer:
    """``rcpt_answers`` and ``data_answers`` are given once each, in turn; then all is taken."""

    port: int = 0
    rcpt_answers: list[str] = field(default_factory=list)
    data_answers: list[str] = field(default_factory=list)
    arrivals: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    protocols: list[SMTP] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    hold: asyncio.Event | None = None

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _: list[str]
    ) -> str:
        answer = self.rcpt_answers.pop(0) if self.rcpt_answers else OK
        if answer == OK:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server: SMTP, _: Session, envelope: Envelope) -> str:  # noqa: N802
        assert envelope.original_content is not None
        mail = message_from_bytes(envelope.original_content, policy=policy.default)
        self.arrivals.append(mail)
        self.recipients += envelope.rcpt_tos
        self.arrived.set()
        if self.hold is not None:
            await self.hold.wait()
        return self.data_answers.pop(0) if self.data_answers else OK

    def connection(self) -> SMTP:
        self.protocols.append(SMTP(self, hostname="mail.example", enable_SMTPUTF8=True))
        return self.protocols[-1]

    @property
    def connections(self) -> int:
        """How many there were."""
        return len(self.protocols)

    @property
    def open(self) -> int:
        """How many there are."""
        return sum(one.transport is not None for one in self.protocols)


@asynccontextmanager
async def mail_server() -> AsyncIterator[MailServer]:
    """Listen on a free port of the loopback address until the end."""
    keeper = MailServer()
    server = await asyncio.get_running_loop().create_server(keeper.connection, "127.0.0.1", 0)
    keeper.port = server.sockets[0].getsockname()[1]
    try:
        yield keeper
    finally:
        server.close()
        await server.wait_closed()
