"""Hands mails to the SMTP server over connections it keeps, and says what an error means."""

import asyncio
from dataclasses import dataclass, field

import aiosmtplib
from aiosmtplib import SMTP
from shared.errors import Permanent, Retryable
from shared.work.slots import Slots

from notifications.domain.letter import Message, compose, is_deliverable
from notifications.settings import NotificationsSettings

IDLE_S_MAX = 5.0
PERMANENT_FROM = 500  # RFC 5321, 4.2.1: 5yz replies are permanent, 4yz transient.


class MailDelayed(Retryable):
    """The mail server does not take the mail now."""


class MailRefused(Permanent):
    """The mail server takes no such mail for this address, now or later."""


@dataclass
class Mailer:
    """``send`` uses an idle connection or opens one; who calls it holds one of ``slots``."""

    settings: NotificationsSettings
    slots: Slots = field(init=False)
    _idle: list[tuple[float, SMTP]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.slots = Slots(self.settings.sends_max)

    async def send(self, message: Message) -> None:
        """Hand ``message`` over; raises ``MailDelayed`` or ``MailRefused``, without addresses."""
        if not is_deliverable(message.recipient):
            raise MailRefused("no mail address")
        try:
            async with asyncio.timeout(self.settings.call_timeout_s):
                await self._send(message)
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _meaning(error.recipients[0].code) from None
        except aiosmtplib.SMTPDataError as error:
            raise _meaning(error.code) from None
        except aiosmtplib.SMTPNotSupported:
            raise MailRefused("the server takes no address outside ASCII") from None
        except ValueError:
            raise MailRefused("no safe mail address") from None
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            # Replies to anything else are about us or the server, never about this mail.
            raise MailDelayed(_name(error)) from None

    def close(self) -> None:
        """Drop the idle connections."""
        while self._idle:
            self._idle.pop()[1].close()

    async def _send(self, message: Message) -> None:
        connection = await self._connection()
        try:
            await connection.send_message(
                compose(message, self.settings.sender),
                sender=self.settings.mail_from,
                recipients=[message.recipient],
            )
        except BaseException:
            connection.close()
            raise
        self._idle.append((asyncio.get_running_loop().time(), connection))

    async def _connection(self) -> SMTP:
        """The connection used last, unless it rested so long that the server may have hung up."""
        oldest = asyncio.get_running_loop().time() - IDLE_S_MAX
        while self._idle:
            rested_since, connection = self._idle.pop()
            if rested_since >= oldest and connection.is_connected:
                return connection
            connection.close()
        return await self._connect()

    async def _connect(self) -> SMTP:
        settings = self.settings
        connection = SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            start_tls=settings.smtp_starttls,
            username=settings.smtp_username,
            password=settings.smtp_password,
            local_hostname=settings.message_id_domain,
            timeout=settings.call_timeout_s,
        )
        await connection.connect()
        return connection


def _meaning(code: int) -> MailDelayed | MailRefused:
    kind = MailRefused if code >= PERMANENT_FROM else MailDelayed
    return kind(f"SMTP {code}")


def _name(error: Exception) -> str:
    """The error's class and reply code; its text may quote an address."""
    code = getattr(error, "code", None)
    return type(error).__name__ if code is None else f"SMTP {code}"
