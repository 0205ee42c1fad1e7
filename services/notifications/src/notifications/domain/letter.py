"""A message as it goes over the wire (RFC 5322): the same bytes at every attempt."""

from dataclasses import dataclass, field
from datetime import datetime
from email.errors import MessageError, NonASCIILocalPartDefect
from email.headerregistry import Address
from email.message import EmailMessage


@dataclass(frozen=True, slots=True)
class Message:
    """A message as its row holds it."""

    message_id: str
    order_id: str
    recipient: str = field(repr=False)
    subject: str
    body: str = field(repr=False)
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Sender:
    """``mail_from`` is ``a@b`` or ``Name <a@b>``; ``domain`` ends every Message-ID."""

    mail_from: str
    domain: str


def is_deliverable(address: str) -> bool:
    """Whether ``address`` is one mailbox (RFC 5321, with UTF-8 as in RFC 6531)."""
    try:
        Address(addr_spec=address)
    except NonASCIILocalPartDefect:
        return True
    except (ValueError, MessageError, IndexError, AttributeError, RecursionError):
        # The last three are the parser's own, on what it did not expect.
        return False
    return True


def compose(message: Message, sender: Sender) -> EmailMessage:
    """The whole mail; ``Message-ID`` and ``Date`` are the row's, so that repeats are one mail.

    Raises ``ValueError`` for a header with a line break.
    """
    letter = EmailMessage()
    letter["From"] = sender.mail_from
    letter["To"] = message.recipient
    letter["Subject"] = message.subject
    letter["Date"] = message.created_at
    letter["Message-ID"] = f"<{message.message_id}@{sender.domain}>"
    letter["X-Order-Id"] = message.order_id
    letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers.
    letter.set_content(message.body)
    return letter
