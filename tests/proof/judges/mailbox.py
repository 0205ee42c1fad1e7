"""The buyers' mailboxes: every mail that arrived, repetitions too."""

from collections.abc import Sequence
from typing import NamedTuple

import aiohttp

# The subjects of what an order's buyer is told, by the event of orders that is told.
SUBJECTS = {
    "placed": "Your order {} has been received",
    "confirmed": "Your order {} is confirmed",
    "rejected": "Your order {} could not be accepted",
    "expired": "Your order {} has expired",
    "cancelled": "Your order {} is cancelled",
    "cancellation-refused": "Your order {} cannot be cancelled",
    "partially-shipped": "Your order {} is partly on its way",
    "shipped": "Your order {} is on its way",
    "delivered": "Your order {} was delivered",
    "refunded": "Your refund for order {} is on its way to you",
}


class Mail(NamedTuple):
    """A mail client shows two mails of one Message-ID as one."""

    order_id: str | None
    message_id: str
    to: list[str]
    subject: str
    text: str


async def read(http: aiohttp.ClientSession, messages_url: str) -> list[Mail]:
    """Every mail; raises when the mailbox was full and let some go."""
    async with http.get(messages_url) as answer:
        answer.raise_for_status()
        if answer.headers["X-Dropped-Count"] != "0":
            raise RuntimeError("the mailbox let mails go: nothing can be said of them")
        return [Mail(*map(one.get, Mail._fields)) for one in await answer.json()]


def due(families: Sequence[str], reference: str, total: int, back: int) -> dict[str, str]:
    """The subjects that are due, in their order, and what each mail must say; in pence."""
    amounts = {"placed": total, "confirmed": total, "refunded": back}
    words = {one: f"£{pence / 100:,.2f}" for one, pence in amounts.items()}
    told = [one for one in families if one in SUBJECTS]
    return {SUBJECTS[one].format(reference): words.get(one, "") for one in told}
