"""The buyers' mailboxes: every mail that arrived, repetitions too."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import aiohttp


@dataclass(frozen=True)
class Mail:
    """A mail client shows two mails of one Message-ID as one; the subject tells the kind."""

    order_id: str
    message_id: str
    subject: str


async def read(http: aiohttp.ClientSession, messages_url: str) -> list[Mail]:
    """Every mail; raises when the mailbox was full and let some go."""
    async with http.get(messages_url) as answer:
        answer.raise_for_status()
        if answer.headers["X-Dropped-Count"] != "0":
            raise RuntimeError("the mailbox let mails go: nothing can be said of them")
        return [
            Mail(one["order_id"] or "", one["message_id"], one["subject"])
            for one in await answer.json()
        ]


def told_twice(mails: Iterable[Mail]) -> list[tuple[str, str]]:
    """Order id and subject of what a buyer was told in two different messages."""
    ids: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in mails:
        ids[one.order_id, one.subject].add(one.message_id)
    return [place for place, found in ids.items() if len(found) > 1]


def different(mails: Iterable[Mail]) -> Counter[str]:
    """How many different messages there are about each order."""
    return Counter(order_id for order_id, _ in {(one.order_id, one.message_id) for one in mails})


def repeated(mails: Iterable[Mail]) -> int:
    """How many mails came again under their Message-ID; allowed, and counted."""
    found = [one.message_id for one in mails]
    return len(found) - len(set(found))
