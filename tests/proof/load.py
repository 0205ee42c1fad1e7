"""Buyers and a warehouse: an open loop of orders at a rate, by HTTP and Kafka; writes the journal.

A buyer repeats an order, under its key, until it is answered. Some repeat it once more, some
cancel, some get their parcel. What each does follows from the seed.
"""

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import choice
from typing import Any
from uuid import uuid4

import aiohttp
from aiokafka import AIOKafkaProducer

from tests.proof.judges.journal import Intent, Journal, Reply
from tests.support.builders import a_line, an_order
from tests.support.shop import Answer, Shop
from tests.support.waiting import eventually, pause, ticks

# What the provider never does is left to its own fault: each such order lasts until its deadline.
TOKENS = (
    *("tok_ok",) * 12,
    *("tok_slow",) * 3,
    "tok_timeout_done",
    "tok_error_then_ok",
    "tok_declined",
    "tok_insufficient_funds",
)
PLENTY, SCARCE = 100_000, 15
ANSWER_TIMEOUT_S, AGAIN_AFTER_S = 60.0, 0.2
BY_KAFKA, AGAIN_ANYWAY, CANCELLED, SHIPPED = 0.12, 0.05, 0.08, 0.1
AGAIN = (429, 503)


@dataclass
class Load:
    """One run's orders; ``skus`` are the plentiful ones first, the last two are scarce.

    ``avoided`` are instances of orders that nobody goes to for now.
    """

    shop: Shop
    luck: random.Random
    journal: Journal
    run: str
    skus: list[str]
    outcome_of: Callable[[str], str | None]
    avoided: set[int] = field(default_factory=set)
    producer: "AIOKafkaProducer | None" = None
    _tasks: "set[asyncio.Task[None]]" = field(default_factory=set)

    @classmethod
    async def of(
        cls, shop: Shop, luck: random.Random, outcome_of: Callable[[str], str | None]
    ) -> "Load":
        """Stock is received first; ``outcome_of`` gives what a reference has come to."""
        run = f"{luck.getrandbits(32):08x}-{uuid4().hex[:8]}"
        load = cls(shop, luck, Journal(), run, [f"{run}-{n}" for n in range(6)], outcome_of)
        await load.receive(dict.fromkeys(load.skus[:4], PLENTY))
        await load.receive(dict.fromkeys(load.skus[4:], SCARCE))
        return load

    # What a run does

    @asynccontextmanager
    async def arriving(self, per_s: float) -> AsyncIterator[None]:
        """Buyers come at their own pace, whatever the shop's, until the block ends."""
        arrivals = asyncio.create_task(self._arrive(per_s))
        try:
            yield
        finally:
            arrivals.cancel()
            await asyncio.gather(arrivals, return_exceptions=True)

    async def answered(self) -> None:
        """Wait until no buyer waits for an answer any more."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def leave(self) -> None:
        """All go home, answered or not."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.producer is not None:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(5):
                    await self.producer.stop()

    def surge(self, orders: int) -> None:
        """So many more buyers at this moment."""
        for _ in range(orders):
            self._start(self._buyer())

    async def buy(self, token: str = "tok_ok", sku: str | None = None) -> Intent:
        """One order by HTTP, of one plentiful unit; returns once it is acknowledged."""
        intent, body = self.draw(token, [sku or self.skus[0]])
        await self.place(intent, body)
        return intent

    def draw(self, token: str, skus: Sequence[str], units: int = 0) -> tuple[Intent, bytes]:
        """An order of these SKUs, in the journal, and its body; one to three units of each if 0."""
        reference = f"{self.run}-{len(self.journal.intents)}"
        lines = [a_line(one, units or self.luck.randint(1, 3), 250) for one in skus]
        mailbox = f"{reference}@example.com"
        customer = {"id": None, "email": mailbox, "name": "A Buyer"}
        body = an_order(*lines, token=token, reference=reference, customer=customer)
        wanted = {one["sku"]: one["quantity"] for one in lines}
        price = body["total_minor"], body["currency"]
        intent = Intent(reference, uuid4().hex, mailbox, wanted, *price, token)
        self.journal.intents[reference] = intent
        return intent, json.dumps(body).encode()

    async def place(self, intent: Intent, body: bytes) -> None:
        """Ask, under one key, until there is an answer."""

        async def ask() -> Answer | None:
            return await self._try(f"{self._orders()}/v1/orders", body, intent.key)

        with contextlib.suppress(AssertionError):  # Never answered: nothing was promised.
            answer = await eventually(ask, intent.reference, ANSWER_TIMEOUT_S)
            assert answer is not None
            intent.replies.append(Reply(answer.status, answer.raw))

    async def cancel(self, intent: Intent) -> None:
        """Cancel an acknowledged order; too late is an answer, too."""
        path = f"/v1/orders/{min(intent.order_ids)}/cancel"

        async def ask() -> Answer | None:
            return await self._try(self._orders() + path, b'{"reason": "customer"}', uuid4().hex)

        intent.cancel_asked = True
        answer = await eventually(ask, f"{intent.reference} cancelled", ANSWER_TIMEOUT_S)
        assert answer is not None
        intent.cancels.append(answer.status)

    async def receive(self, units: dict[str, int]) -> None:
        receipts = [
            {"sku": sku, "location": "main", "quantity": number} for sku, number in units.items()
        ]
        url, key = f"{self.shop.url('inventory')}/v1/stock/receipts", uuid4().hex
        body = json.dumps({"receipts": receipts}).encode()
        answer = await eventually(
            lambda: self._try(url, body, key), "stock received", ANSWER_TIMEOUT_S
        )
        assert answer is not None
        assert answer.status == 201, answer.body
        self.journal.received.update(units)

    # One buyer

    async def _arrive(self, per_s: float) -> None:
        async for _ in ticks(per_s, 1_000_000):
            self._start(self._buyer())

    def _start(self, buyer: Any) -> None:
        task = asyncio.create_task(buyer)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _buyer(self) -> None:
        luck = self.luck
        skus = luck.sample(self.skus[:4], luck.randint(1, 2))
        if luck.random() < 0.15:
            skus.append(luck.choice(self.skus[4:]))
        intent, body = self.draw(luck.choice(TOKENS), skus)
        roll, wait_s = luck.random(), luck.uniform(0, 1.5)
        if luck.random() < BY_KAFKA:
            await self.submit(intent, body)
            return
        again = luck.random() < AGAIN_ANYWAY
        await self.place(intent, body)
        if again:
            await self.place(intent, body)
        if not intent.order_ids:
            return
        if roll < CANCELLED:
            await pause(wait_s)
            await self.cancel(intent)
        elif roll < CANCELLED + SHIPPED:
            await self._ship(intent)

    async def _try(self, url: str, body: bytes, key: str) -> Answer | None:
        """None when there is no answer, or one that says to try again."""
        try:
            answer = await self.shop.post(url, body, key)
        except (aiohttp.ClientError, TimeoutError):
            answer = None
        if answer is None or answer.status in AGAIN or at_work(answer):
            await pause(AGAIN_AFTER_S)
            return None
        return answer

    def _orders(self) -> str:
        """An instance of orders; which one is no matter of the seed, since attempts are not."""
        instances = range(self.shop.system.config.instances)
        return self.shop.url("orders", choice([n for n in instances if n not in self.avoided]))

    async def submit(self, intent: Intent, body: bytes) -> None:
        """By Kafka; repeated until the broker has acknowledged it, as a storefront would."""
        headers = {
            "ce_specversion": "1.0",
            "ce_id": intent.key,
            "ce_type": "storefront.order-submitted.v1",
            "ce_source": "/proof",
            "content-type": "application/json",
        }
        encoded = [(name, text.encode()) for name, text in headers.items()]
        topic = self.shop.system.config.topic_prefix + "storefront.orders.v1"

        async def send() -> bool:
            try:
                async with asyncio.timeout(15):
                    producer = await self._producer()
                    key = intent.reference.encode()
                    await producer.send_and_wait(topic, body, key=key, headers=encoded)
            except Exception:
                await pause(AGAIN_AFTER_S)
                return False
            return True

        with contextlib.suppress(AssertionError):
            intent.sent = await eventually(send, f"{intent.reference} sent", ANSWER_TIMEOUT_S)

    async def _producer(self) -> AIOKafkaProducer:
        if self.producer is None:
            bootstrap = self.shop.system.addresses.kafka
            made = AIOKafkaProducer(
                bootstrap_servers=bootstrap, acks="all", enable_idempotence=True
            )
            try:
                await made.start()
            except BaseException:
                await made.stop()
                raise
            if self.producer is not None:
                await made.stop()
            else:
                self.producer = made
        return self.producer

    # The warehouse

    async def _ship(self, intent: Intent) -> None:
        """Send the parcel once the order is confirmed, unless it ends otherwise."""

        async def decided() -> str | None:
            await pause(AGAIN_AFTER_S)
            return self.outcome_of(intent.reference)

        with contextlib.suppress(AssertionError):
            if await eventually(decided, intent.reference, ANSWER_TIMEOUT_S) != "confirmed":
                return
            await self.send(intent, await self.fulfilment_order(intent))

    async def fulfilment_order(self, intent: Intent) -> str:
        """Its id, once inventory asks the warehouse for the parcel of a confirmed order."""
        order_id = min(intent.order_ids)
        asked = f"{self.shop.url('inventory')}/v1/fulfilment-orders?order_id={order_id}"

        async def opened() -> Any:
            try:
                return (await self.shop.get(asked)).body["fulfilment_orders"]
            except (aiohttp.ClientError, TimeoutError, TypeError, KeyError):
                await pause(AGAIN_AFTER_S)
                return None

        (found,) = await eventually(opened, f"a fulfilment order for {order_id}")
        return str(found["fulfilment_order_id"])

    async def send(self, intent: Intent, fulfilment_order_id: str, instance: int = 0) -> bool:
        """Send all of an order; whether the parcel has left, or it was too late."""
        inventory, key = self.shop.url("inventory", instance), uuid4().hex
        url = f"{inventory}/v1/fulfilment-orders/{fulfilment_order_id}/shipments"
        lines = [{"sku": sku, "quantity": number} for sku, number in intent.units.items()]
        parcel = {"lines": lines, "carrier": "Royal Post", "tracking_number": "RP1"}
        body = json.dumps(parcel).encode()
        answer = await eventually(
            lambda: self._try(url, body, key), "a parcel sent", ANSWER_TIMEOUT_S
        )
        if answer is None or answer.status != 201:
            return False
        self.journal.shipped |= intent.order_ids
        return True


def at_work(answer: Answer) -> bool:
    """The first request under the key has no answer yet."""
    return answer.status == 409 and "idempotency-in-progress" in answer.body["type"]
