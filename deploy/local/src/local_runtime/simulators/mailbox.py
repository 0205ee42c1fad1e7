"""Every mail that arrived, in order, duplicates too: what a judge counts."""

from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
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
    """Sender and recipients are the envelope's: they say where the mail really went."""
    message = message_from_bytes(raw, policy=policy.default)
    headers = {name: _clean(value) for name, value in message.items()}
    return Mail(
        message_id=_clean(message.get("Message-ID", "")),
        sender=_clean(sender),
        recipients=[_clean(recipient) for recipient in recipients],
        subject=_clean(message.get("Subject", "")),
        headers=headers,
        text=_body(message, "plain"),
        html=_body(message, "html"),
        received_at=datetime.now(UTC).isoformat(),
        order_id=_clean(message["X-Order-Id"]) if "X-Order-Id" in message else None,
    )


def _body(message: EmailMessage, subtype: str) -> str | None:
    part = message.get_body((subtype,))
    if part is None:
        return None
    try:
        return _clean(part.get_content())
    except (LookupError, ValueError):
        # The sender named a character set or an encoding that does not exist.
        return _clean(part.get_payload())


def _clean(text: object) -> str:
    """Bytes that are no UTF-8 arrive as lone surrogates, which JSON readers refuse."""
    return str(text).encode("utf-8", "replace").decode()
