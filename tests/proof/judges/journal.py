"""What the client asked for and what it was told, written down by the client alone."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Reply:
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
    units: Mapping[str, int]
    total_minor: int
    token: str
    by: Literal["http", "kafka"] = "http"
    replies: list[Reply] = field(default_factory=list)
    sent: bool = False
    cancel_asked: bool = False
    cancels: list[int] = field(default_factory=list)

    @property
    def order_ids(self) -> set[str]:
        """The ids in all answers that say "created"; one, when all is well."""
        return {json.loads(one.body)["order_id"] for one in self.replies if one.status == 201}

    @property
    def acknowledged(self) -> bool:
        """The buyer was promised that the order will not be forgotten."""
        return self.sent or any(one.status == 201 for one in self.replies)


@dataclass
class Journal:
    """Intents by reference; units received by SKU; units sent by order and SKU, all as answered."""

    intents: dict[str, Intent] = field(default_factory=dict)
    received: Counter[str] = field(default_factory=Counter)
    shipped: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def ordered(self, intent: Intent) -> Intent:
        """Write an intent down, before anything is sent."""
        self.intents[intent.reference] = intent
        return intent

    @classmethod
    def of(cls, *journals: "Journal") -> "Journal":
        """Several journals as one."""
        whole = cls()
        for one in journals:
            whole.intents.update(one.intents)
            whole.received.update(one.received)
            for order_id, units in one.shipped.items():
                whole.shipped[order_id].update(units)
        return whole
