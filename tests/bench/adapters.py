"""The provider and the mail server in the services' own processes, as the peers have them."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from notifications.domain.letter import Message, is_deliverable
from notifications.mailer import Mailer, MailRefused
from payments.domain.money import Money
from payments.domain.strays import Movement
from payments.provider import (
    Captured,
    Charge,
    ChargeAnswer,
    ListAnswer,
    NotFound,
    Page,
    Refund,
    RefundAnswer,
    Refunded,
)

PAGE_MAX = 500


@dataclass
class BookedProvider:
    """Takes every charge at once; its only memory is its book, a file of JSON lines.

    A reference follows from the key, so the same key gives the same answer.
    """

    book: Path
    _pen: BinaryIO | None = None

    async def close(self) -> None:
        """Put the pen down."""
        if self._pen is not None:
            self._pen.close()
            self._pen = None

    async def charge(self, charge: Charge) -> ChargeAnswer:
        reference = f"ch_{charge.key}"
        self._write("capture", charge.key, charge.order_id, reference, charge.money)
        return Captured(reference, charge.money)

    async def refund(self, refund: Refund) -> RefundAnswer:
        order_id = next(
            (one["order_id"] for one in lines(self.book) if one["id"] == refund.charge_reference),
            "",
        )
        self._write("refund", refund.key, order_id, refund.charge_reference, refund.money)
        return Refunded(f"re_{refund.key}", refund.money)

    async def find_charge(self, key: str) -> ChargeAnswer:
        found = self._under(key)
        return NotFound() if found is None else Captured(found["id"], _money(found))

    async def find_refund(self, key: str) -> RefundAnswer:
        found = self._under(key)
        return NotFound() if found is None else Refunded(found["id"], _money(found))

    async def list_movements(
        self, since: datetime, until: datetime, cursor: str | None
    ) -> ListAnswer:
        found = [one for one in map(_movement, lines(self.book)) if since <= one.at < until]
        start = int(cursor or 0)
        end = start + PAGE_MAX
        return Page(tuple(found[start:end]), str(end) if end < len(found) else None)

    def _under(self, key: str) -> dict[str, Any] | None:
        return next((one for one in lines(self.book) if one["key"] == key), None)

    def _write(self, op: str, key: str, order_id: str, charge_id: str, money: Money) -> None:
        line = {
            "id": charge_id if op == "capture" else f"re_{key}",
            "op": op,
            "order_id": order_id,
            "key": key,
            "charge_id": charge_id,
            "amount_minor": money.minor,
            "currency": money.currency,
            "ok": True,
            "at": datetime.now(UTC).isoformat(),
        }
        if self._pen is None:
            self._pen = self.book.open("ab", buffering=0)
        self._pen.write(json.dumps(line).encode() + b"\n")


class SinkMailer(Mailer):
    """A mail server that takes every mail; what it is handed is thrown away."""

    async def send(self, message: Message) -> None:
        if not is_deliverable(message.recipient):
            raise MailRefused("no mail address")


def lines(book: Path) -> Iterator[dict[str, Any]]:
    """Every operation in the order it was done."""
    if not book.exists():
        return
    with book.open("rb") as stream:
        for line in stream:
            yield json.loads(line)


def book_file() -> Path:
    """Where the book is kept; the benchmark names it."""
    return Path(os.environ["BENCH_PROVIDER_BOOK"])


def _money(line: dict[str, Any]) -> Money:
    return Money(line["amount_minor"], line["currency"])


def _movement(line: dict[str, Any]) -> Movement:
    return Movement(
        id=line["id"],
        operation="charge" if line["op"] == "capture" else "refund",
        key=line["key"],
        order_id=line["order_id"],
        charge_reference=line["charge_id"],
        money=_money(line),
        at=datetime.fromisoformat(line["at"]),
    )
