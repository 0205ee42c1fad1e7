"""What happened to an order when, read from its timeline and the mailbox."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, order=True)
class Milestone:
    """``key`` is unique within an order; ``told`` is for people.

    ``rank`` puts a cause before its effect when one transaction wrote both.
    """

    at: datetime
    rank: int
    key: str
    told: str


_TOLD = {
    ("payment", "captured"): "paid",
    ("stock", "reserved"): "reserved",
    ("status", "confirmed"): "confirmed",
    ("status", "shipped"): "shipped",
    ("status", "delivered"): "delivered",
}


def milestones(
    timeline: Iterable[Mapping[str, Any]], mails: Iterable[Mapping[str, Any]]
) -> list[Milestone]:
    """Everything so far, in the order it happened, each once."""
    found: dict[str, Milestone] = {}
    for transition in timeline:
        at = datetime.fromisoformat(transition["at"])
        for rank, ((axis, value), told) in enumerate(_TOLD.items()):
            if transition[axis] == value:
                found.setdefault(told, Milestone(at, rank, told, told))
    for mail in mails:
        key = f"mail {mail['message_id']}"
        at = datetime.fromisoformat(mail["received_at"])
        found.setdefault(key, Milestone(at, len(_TOLD), key, f"mailed “{mail['subject']}”"))
    return sorted(found.values())
