"""Every mail that arrived, in order, duplicates too: what a judge counts."""

from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import MessageError
from email.header import Header, decode_header, make_header
from email.message import Message
from pathlib import Path

from local_runtime.simulators.journal import Journal

MESSAGES_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Mail:
    message_id: str
    sender: str
    recipients: list[str]
    subject: str
    headers: dict[str, str]
    text: str | None
    html: str | None
    received_at: str
    order_id: str | None

    def shown(self) -> dict[str, object]:
        shown: dict[str, object] = asdict(self)
        return shown | {"from": shown.pop("sender"), "to": shown.pop("recipients")}

    def listed(self) -> dict[str, object]:
        """What tells it from others, without what it says."""
        return {
            "message_id": self.message_id,
            "order_id": self.order_id,
            "to": self.recipients,
            "received_at": self.received_at,
        }


class Mailbox:
    """Keeps the newest mails up to a limit, and counts what it had to let go."""

    def __init__(self, path: Path | None = None, messages_max: int = MESSAGES_MAX) -> None:
        self.dropped_count = 0
        self._mails: deque[Mail] = deque(maxlen=messages_max)
        self._journal = Journal(path)
        for record in self._journal.replay():
            self._hold(Mail(**record))

    def __len__(self) -> int:
        return len(self._mails)

    def keep(self, mail: Mail) -> None:
        self._journal.append(asdict(mail))
        self._hold(mail)

    def find(self, order_id: str | None = None, recipient: str | None = None) -> Iterator[Mail]:
        for mail in self._mails:
            if order_id not in (None, mail.order_id):
                continue
            if recipient is None or recipient in mail.recipients:
                yield mail

    def clear(self) -> None:
        self._journal.clear()
        self._mails.clear()
        self.dropped_count = 0

    def close(self) -> None:
        self._journal.close()

    def _hold(self, mail: Mail) -> None:
        self.dropped_count += len(self._mails) == self._mails.maxlen
        self._mails.append(mail)


def read_mail(raw: bytes, sender: str, recipients: list[str]) -> Mail:
    """Sender and recipients are the envelope's: they say where the mail really went.

    Headers are decoded, not parsed: the modern policy takes four times as long for a mail.
    """
    message = message_from_bytes(raw)
    headers = {name: _decoded(value) for name, value in message.items()}
    by_name = {name.lower(): value for name, value in reversed(headers.items())}
    return Mail(
        message_id=by_name.get("message-id", ""),
        sender=_clean(sender),
        recipients=[_clean(recipient) for recipient in recipients],
        subject=by_name.get("subject", ""),
        headers=headers,
        text=_body(message, "text/plain"),
        html=_body(message, "text/html"),
        received_at=datetime.now(UTC).isoformat(),
        order_id=by_name.get("x-order-id"),
    )


def _decoded(value: str | Header) -> str:
    """A header's words (RFC 2047), on one line; as it came when they cannot be read."""
    unfolded = "".join(str(value).splitlines())
    try:
        return _clean(make_header(decode_header(unfolded)))
    except (LookupError, ValueError, MessageError):
        return _clean(unfolded)


def _body(message: Message, content_type: str) -> str | None:
    """The first part of that type which is no attachment."""
    for part in message.walk():
        if part.get_content_type() == content_type and part.get_filename() is None:
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes), "only parts without parts have such types"
            try:
                return _clean(content.decode(part.get_content_charset("utf-8"), "replace"))
            except (LookupError, ValueError):
                # The sender named a character set that does not exist.
                return _clean(content.decode("utf-8", "replace"))
    return None


def _clean(text: object) -> str:
    """Bytes that are no UTF-8 arrive as lone surrogates, which JSON readers refuse."""
    return str(text).encode("utf-8", "replace").decode()
