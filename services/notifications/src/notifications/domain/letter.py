"""A message as it goes over the wire (RFC 5322): the same bytes at every attempt."""

import re
from binascii import b2a_qp
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import MessageError, NonASCIILocalPartDefect
from email.headerregistry import Address, BaseHeader, HeaderRegistry
from email.message import EmailMessage
from email.policy import default
from functools import lru_cache
from typing import Any

HEADERS_KEPT_MAX = 64


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
    letter["From"] = _from(sender)
    letter["To"] = message.recipient
    letter["Subject"] = message.subject
    letter["Date"] = message.created_at
    letter["Message-ID"] = f"<{message.message_id}@{sender.domain}>"
    letter["X-Order-Id"] = message.order_id
    letter["MIME-Version"] = _kept("MIME-Version", "1.0")
    # RFC 3834: no out-of-office answers.
    letter["Auto-Submitted"] = _kept("Auto-Submitted", "auto-generated")
    if message.html is None:
        _set_text(letter, message.text, "plain")
    else:
        # make_alternative() would read this header once more for the boundary.
        boundary = f"=_{message.message_id}"
        letter["Content-Type"] = f'multipart/alternative; boundary="{boundary}"'
        letter.attach(_set_text(EmailMessage(POLICY), message.text, "plain"))
        letter.attach(_set_text(EmailMessage(POLICY), message.html, "html"))
    letter["Content-Language"] = _kept("Content-Language", message.language)
    return letter


def _set_text(part: EmailMessage, text: str, subtype: str) -> EmailMessage:
    """Quoted-printable passes servers without 8BITMIME and keeps lines below 998 octets.

    ``email`` encodes it character by character; a mail of 10 KB takes it several milliseconds.
    """
    part["Content-Type"] = _kept("Content-Type", f'text/{subtype}; charset="utf-8"')
    part["Content-Transfer-Encoding"] = _kept("Content-Transfer-Encoding", "quoted-printable")
    part.set_payload(b2a_qp(text.encode()).decode("ascii"))
    return part


@lru_cache(HEADERS_KEPT_MAX)
def _kept(name: str, value: str) -> BaseHeader:
    """A header that many mails have, read once: a policy takes one that is made as it is."""
    header: BaseHeader = POLICY.header_factory(name, value)
    return header


@lru_cache(HEADERS_KEPT_MAX)
def _from(sender: Sender) -> BaseHeader:
    username, _, domain = sender.address.rpartition("@")
    header: BaseHeader = POLICY.header_factory("From", Address(sender.name, username, domain))
    return header
