"""Buyers of one SKU under load; each repeats its order, under its key, until it is answered."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any, NamedTuple, Self
from uuid import uuid4

import aiohttp

from tests.support.builders import a_line, an_order
from tests.support.shop import Answer, Shop
from tests.support.waiting import eventually, ticks

ANSWER_TIMEOUT_S = 40
AT_ONCE = 40
AGAIN = (409, 503)  # The first request is still at work, or the service is not.
MAILS_OF_A_DECIDED_ORDER = 2


class Mailed(NamedTuple):
    """A mail that came, ``at`` seconds of the host's clock."""

    message_id: str
    at: float


@dataclass
class Buyers:
    """``answers`` by Idempotency-Key is the clients' journal; all mail goes to one mailbox."""

    shop: Shop
    sku: str
    stock: int
    instances: tuple[int, ...] = (0,)
    mailbox: str = field(default_factory=lambda: f"{uuid4().hex}@example.com")
    bodies: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    unanswered: set[str] = field(default_factory=set)
    _turns: "count[int]" = field(default_factory=count)

    @classmethod
    async def of(cls, shop: Shop, stock: int, instances: tuple[int, ...] = (0,)) -> Self:
        await shop.system.wait_ready()
        return cls(shop, await shop.new_sku(stock), stock, instances)

    @property
    def order_ids(self) -> list[str]:
        return [answer.body["order_id"] for answer in self.answers.values()]

    async def buy(self) -> str:
        """One unit; gives the order's id once the order is acknowledged."""
        key = uuid4().hex
        customer = {"id": None, "email": self.mailbox, "name": "A Buyer"}
        self.bodies[key] = an_order(a_line(self.sku), customer=customer)
        answer = await eventually(lambda: self._ask(key), f"an answer to {key}", ANSWER_TIMEOUT_S)
        assert answer is not None
        self.answers[key] = answer
        return str(answer.body["order_id"])

    async def rush(self, buyers: int, at_once: int = AT_ONCE) -> None:
        """So many buyers, as many at once as may be; returns when all are acknowledged."""
        room = asyncio.Semaphore(at_once)

        async def one() -> None:
            async with room:
                await self.buy()

        await asyncio.gather(*(one() for _ in range(buyers)))

    async def arrive(self, per_s: float, buyers: int) -> None:
        """An open loop: they come at their own pace, whatever the shop's."""
        async with asyncio.TaskGroup() as tasks:
            async for _ in ticks(per_s, buyers):
                tasks.create_task(self.buy())

    async def repeat(self, key: str) -> Answer:
        """The same request once more."""
        return await self.shop.post(self._url(), self.bodies[key], key)

    async def acknowledged(self, orders: int) -> None:
        async def look() -> bool:
            return len(self.answers) >= orders

        await eventually(look, f"{orders} orders acknowledged")

    async def arrived(self, buyers: int) -> None:
        async def look() -> bool:
            return len(self.bodies) >= buyers

        await eventually(look, f"{buyers} buyers arrived")

    async def mails(self) -> dict[str, list[str]]:
        """The Message-IDs of every mail about each order, as they came."""
        found: dict[str, list[str]] = defaultdict(list)
        for one in await self._mailbox():
            found[one["order_id"]].append(one["message_id"])
        return found

    async def mailed(self) -> list[Mailed]:
        """Every mail about these orders, as they came."""
        return [
            Mailed(one["message_id"], datetime.fromisoformat(one["received_at"]).timestamp())
            for one in await self._mailbox()
        ]

    async def told(self) -> int:
        """How many orders are over for their buyer: received and decided, both mailed."""
        mails = (await self.mails()).values()
        return sum(len(set(one)) >= MAILS_OF_A_DECIDED_ORDER for one in mails)

    async def in_flight(self) -> int:
        return len(self.bodies) - await self.told()

    async def all_told(self, timeout_s: float) -> None:
        """Both mails of every order; the mailbox is read again only when that can be."""
        enough = 0

        async def look() -> bool:
            nonlocal enough
            kept = await self._mails_kept()
            if kept >= enough:
                enough = kept + await self.in_flight()
            return kept == enough

        await eventually(look, f"{len(self.bodies)} buyers told the outcome", timeout_s)

    async def _mailbox(self) -> list[dict[str, Any]]:
        url = f"{self.shop.system.addresses.mail}/messages?brief=true&to={self.mailbox}"
        found: list[dict[str, Any]] = (await self.shop.get(url)).body
        return found

    async def _mails_kept(self) -> int:
        url = f"{self.shop.system.addresses.mail}/health/ready"
        return int((await self.shop.get(url)).body["kept_count"])

    async def _ask(self, key: str) -> Answer | None:
        """None when there is no answer, or one that says to try again."""
        try:
            answer = await self.shop.post(self._url(), self.bodies[key], key)
        except (aiohttp.ClientError, TimeoutError):
            self.unanswered.add(key)
            return None
        if answer.status in AGAIN:
            return None
        assert answer.status == 201, answer.body
        return answer

    def _url(self) -> str:
        instance = self.instances[next(self._turns) % len(self.instances)]
        return self.shop.url("orders", instance) + "/v1/orders"


def is_replayed(answer: Answer) -> bool:
    return {name.lower(): value for name, value in answer.headers.items()}.get(
        "idempotency-replayed"
    ) == "true"
