"""A message as it goes over the wire (RFC 5322): the same bytes at every attempt."""

from dataclasses import dataclass, field
from datetime import datetime
from email.errors import MessageError, NonASCIILocalPartDefect
from email.headerregistry import Address
from email.message import EmailMessage


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it is handed over; without ``html`` it is plain text.

    ``language`` is that of its words (BCP 47).
    """

    message_id: str
    order_id: str
    recipient: str = field(repr=False)
    subject: str
    created_at: datetime
    language: str
    text: str = field(repr=False)
    html: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sender:
    """``name`` is the shop's, ``address`` one mailbox; ``domain`` ends every Message-ID."""

    name: str
    address: str
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
    username, _, domain = sender.address.rpartition("@")
    letter["From"] = Address(sender.name, username, domain)
    letter["To"] = message.recipient
    letter["Subject"] = message.subject
    letter["Date"] = message.created_at
    letter["Message-ID"] = f"<{message.message_id}@{sender.domain}>"
    letter["X-Order-Id"] = message.order_id
    letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers.
    # Quoted-printable passes servers without 8BITMIME and keeps lines below 998 octets.
    letter.set_content(message.text, cte="quoted-printable")
    if message.html is not None:
        letter.add_alternative(message.html, subtype="html", cte="quoted-printable")
        letter.set_boundary(f"=_{message.message_id}")
    letter["Content-Language"] = message.language
    return letter
