"""What the client asked for and what it was told, written down by the client alone."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Reply(NamedTuple):
    """One complete answer to a request: its status code and its bytes."""

    status: int
    body: bytes


@dataclass
class Intent:
    """One order that a buyer wants, under one reference and one Idempotency-Key.

    ``replies`` are all answers to its placing; ``sent`` is true once Kafka has acknowledged the
    record of an order that goes by Kafka; ``cancels`` are the status codes of its cancellations,
    ``cancel_asked`` is true from before the first was sent.
    """

    reference: str
    key: str
    email: str
    units: Mapping[str, int]
    total_minor: int
    currency: str
    token: str
    replies: list[Reply] = field(default_factory=list)
    sent: bool = False
    cancel_asked: bool = False
    cancels: list[int] = field(default_factory=list)

    @property
    def documents(self) -> list[Any]:
        """The orders in all answers that say "created"; the buyer counts on them."""
        return [json.loads(one.body) for one in self.replies if one.status == 201]

    @property
    def order_ids(self) -> set[str]:
        return {one["order_id"] for one in self.documents}


@dataclass
class Journal:
    """Intents by reference; units received by SKU; ids of orders whose parcel was sent."""

    intents: dict[str, Intent] = field(default_factory=dict)
    received: Counter[str] = field(default_factory=Counter)
    shipped: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, *journals: "Journal") -> "Journal":
        """Several journals as one."""
        whole = cls()
        for one in journals:
            whole.intents |= one.intents
            whole.received += one.received
            whole.shipped |= one.shipped
        return whole
