"""A message as it goes over the wire (RFC 5322): the same bytes at every attempt."""

import re
from binascii import b2a_qp
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import MessageError, NonASCIILocalPartDefect
from email.headerregistry import Address, HeaderRegistry
from email.message import EmailMessage
from email.policy import default
from typing import Any


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


class _KeptClasses(HeaderRegistry):
    """Makes the class of a header once, not for each header of each mail."""

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = super().__getitem__(name)
        return self._made[name]


# What nearly all mailboxes are, dot-atoms (RFC 5322, 3.2.3) without signs that mean more to some
# reader; anything else is parsed.
_WORDS = r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*"
_PLAIN = re.compile(f"{_WORDS}@{_WORDS}", re.ASCII)
# The names are ours alone, so that few classes are kept.
POLICY = default.clone(header_factory=_KeptClasses())


def is_deliverable(address: str) -> bool:
    """Whether ``address`` is one mailbox (RFC 5321, with UTF-8 as in RFC 6531)."""
    if _PLAIN.fullmatch(address):
        return True
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
    letter = EmailMessage(POLICY)
    username, _, domain = sender.address.rpartition("@")
    letter["From"] = Address(sender.name, username, domain)
    letter["To"] = message.recipient
    letter["Subject"] = message.subject
    letter["Date"] = message.created_at
    letter["Message-ID"] = f"<{message.message_id}@{sender.domain}>"
    letter["X-Order-Id"] = message.order_id
    letter["MIME-Version"] = "1.0"
    letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers.
    _set_text(letter, message.text, "plain")
    if message.html is not None:
        letter.make_alternative(boundary=f"=_{message.message_id}")
        html = EmailMessage(POLICY)
        _set_text(html, message.html, "html")
        letter.attach(html)
    letter["Content-Language"] = message.language
    return letter


def _set_text(part: EmailMessage, text: str, subtype: str) -> None:
    """Quoted-printable passes servers without 8BITMIME and keeps lines below 998 octets.

    ``email`` encodes it character by character; a mail of 10 KB takes it several milliseconds.
    """
    part["Content-Type"] = f'text/{subtype}; charset="utf-8"'
    part["Content-Transfer-Encoding"] = "quoted-printable"
    part.set_payload(b2a_qp(text.encode()).decode("ascii"))
