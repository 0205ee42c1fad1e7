"""A storefront, a warehouse and the outside judges, over the stack's public surface only."""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
from aiokafka import AIOKafkaProducer
from local_runtime.supervisor import Supervisor

from tests.support.builders import a_line, an_order
from tests.support.kafka_log import KafkaLog
from tests.support.waiting import eventually

TIMEOUT = aiohttp.ClientTimeout(total=40)


@dataclass
class Answer:
    status: int
    body: Any
    raw: bytes
    headers: dict[str, str]


@dataclass
class Shop:
    """One stack as people outside see it."""

    system: Supervisor
    http: aiohttp.ClientSession
    log: KafkaLog
    crash_dir: Path
    acknowledged: list[str] = field(default_factory=list)

    # As a storefront

    async def place(
        self, *lines: dict[str, Any], token: str = "tok_ok", instance: int = 0, **more: Any
    ) -> str:
        """Place an order that is accepted; gives its id."""
        body = an_order(*lines, token=token, **more)
        answer = await self.post(self.url("orders", instance) + "/v1/orders", body)
        assert answer.status == 201, answer.body
        self.acknowledged.append(answer.body["order_id"])
        return str(answer.body["order_id"])

    async def order(self, order_id: str, query: str = "") -> dict[str, Any]:
        answer = await self.get(f"{self.url('orders')}/v1/orders/{order_id}{query}")
        assert answer.status == 200, answer.body
        return dict(answer.body)

    async def outcome(self, order_id: str, timeout_s: float = 40) -> dict[str, Any]:
        """The order once it is decided."""

        async def look() -> dict[str, Any] | None:
            found = await self.order(order_id, "?wait_for=decided&timeout_s=2")
            return None if found["status"] in ("pending", "cancelling") else found

        return await eventually(look, f"{order_id} decided", timeout_s) or {}

    async def reaches(self, order_id: str, status: str, timeout_s: float = 30) -> dict[str, Any]:
        async def look() -> dict[str, Any] | None:
            found = await self.order(order_id)
            return found if found["status"] == status else None

        return await eventually(look, f"{order_id} {status}", timeout_s) or {}

    async def cancel(self, order_id: str, instance: int = 0) -> Answer:
        url = f"{self.url('orders', instance)}/v1/orders/{order_id}/cancel"
        return await self.post(url, {"reason": "customer"})

    # As a warehouse

    async def receive(self, sku: str, quantity: int, location: str = "main") -> str:
        receipts = [{"sku": sku, "location": location, "quantity": quantity}]
        answer = await self.post(
            self.url("inventory") + "/v1/stock/receipts", {"receipts": receipts}
        )
        assert answer.status == 201, answer.body
        return sku

    async def new_sku(self, quantity: int) -> str:
        return await self.receive(f"sku-{uuid4().hex[:10]}", quantity)

    async def stock(self, sku: str) -> dict[str, Any]:
        return dict((await self.get(f"{self.url('inventory')}/v1/stock/{sku}")).body)

    async def fulfilment_order(self, order_id: str) -> dict[str, Any]:
        async def look() -> Any:
            url = f"{self.url('inventory')}/v1/fulfilment-orders?order_id={order_id}"
            return (await self.get(url)).body["fulfilment_orders"]

        found = await eventually(look, f"a fulfilment order for {order_id}")
        return dict(found[0])

    async def dispatch(self, order_id: str, *lines: tuple[str, int], **headers: str) -> str:
        """Ship ``lines``, or everything; gives the shipment's id."""
        order = await self.fulfilment_order(order_id)
        wanted = [{"sku": sku, "quantity": n} for sku, n in lines] or _everything(order)
        answer = await self.post(
            f"{self.url('inventory')}/v1/fulfilment-orders/"
            f"{order['fulfilment_order_id']}/shipments",
            {"lines": wanted, "carrier": "Royal Post", "tracking_number": "RP1"},
            **headers,
        )
        assert answer.status == 201, answer.body
        return str(answer.body["shipment_id"])

    async def deliver(self, shipment_id: str, **headers: str) -> Answer:
        url = f"{self.url('inventory')}/v1/shipments/{shipment_id}/events"
        return await self.post(url, {"status": "delivered"}, **headers)

    # As the outside judges

    async def book(self, *order_ids: str) -> list[dict[str, Any]]:
        """The provider's own book, of these orders or of all."""
        found = (await self.get(self.system.addresses.provider + "/book")).body
        return [one for one in found if not order_ids or one["order_id"] in order_ids]

    async def money(self) -> dict[str, int]:
        """What the provider holds for each order: captured less refunded."""
        sums: dict[str, int] = defaultdict(int)
        for one in await self.book():
            if one["ok"] and one["op"] in ("capture", "refund"):
                sign = 1 if one["op"] == "capture" else -1
                sums[one["order_id"]] += sign * one["amount_minor"]
        return sums

    async def settled(self, order_id: str, minor: int, timeout_s: float = 40) -> None:
        """Wait until the provider holds exactly ``minor`` for the order."""

        async def look() -> bool:
            return (await self.money())[order_id] == minor

        await eventually(look, f"{minor} held for {order_id}", timeout_s)

    async def mails(self, order_id: str) -> list[dict[str, Any]]:
        url = f"{self.system.addresses.mail}/messages?order_id={order_id}"
        return list((await self.get(url)).body)

    async def mailed(self, order_id: str, count: int) -> list[dict[str, Any]]:
        """Wait for ``count`` different mails about the order."""

        async def look() -> list[dict[str, Any]] | None:
            found = await self.mails(order_id)
            return found if len({one["message_id"] for one in found}) >= count else None

        return await eventually(look, f"{count} mails about {order_id}") or []

    async def payments(self, order_id: str) -> list[dict[str, Any]]:
        answer = await self.get(f"{self.url('payments')}/v1/payments?order_id={order_id}")
        return list(answer.body["payments"])

    async def dead_letters(self, service: str) -> list[dict[str, Any]]:
        return list((await self.get(self.url(service) + "/ops/dead-letters")).body["dead_letters"])

    async def drained(self, timeout_s: float = 60) -> None:
        """Wait until no service has anything left to tell or to do."""

        async def look() -> bool:
            for service in self.system.config.services:
                outbox = (await self.get(self.url(service) + "/ops/outbox")).body
                work = (await self.get(self.url(service) + "/ops/work")).body
                if outbox["rows"] or work["kinds"]:
                    return False
            return True

        await eventually(look, "everything drained", timeout_s)

    async def books_agree(self, order_ids: Sequence[str]) -> Counter[str]:
        """Each order's money is its outcome's, once, by the provider's book; gives outcomes."""
        outcomes: Counter[str] = Counter()
        money = await self.money()
        captures = Counter(
            one["order_id"] for one in await self.book() if one["op"] == "capture" and one["ok"]
        )
        for order_id in order_ids:
            found = await self.order(order_id)
            living = found["status"] in ("confirmed", "partially_shipped", "shipped", "delivered")
            expected = found["total_minor"] if living else 0
            assert money[order_id] == expected, (found["status"], money[order_id], order_id)
            assert captures[order_id] <= 1, f"{order_id} captured {captures[order_id]} times"
            outcomes[found["status"]] += 1
        return outcomes

    # As a saboteur

    def order_death(self, instance: str, point: str, how: str = "KILL") -> Path:
        """Ask ``instance`` to die (or stop) at ``point``; the file is gone once it has."""
        order = self.crash_dir / f"{instance}.{point}"
        # All at once: an order that is read half-written would be another one.
        written = order.with_name(f".{order.name}")
        written.write_text(how)
        return written.rename(order)

    async def died(self, order: Path, timeout_s: float = 20) -> None:
        """The witness: the process took the order away just before it died."""

        async def look() -> bool:
            return order not in await asyncio.to_thread(list_files, self.crash_dir)

        await eventually(look, f"{order.name} obeyed", timeout_s)

    async def produce(
        self,
        topic: str,
        value: bytes | None,
        headers: Sequence[tuple[str, Any]],
        key: bytes | None,
    ) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self.system.addresses.kafka)
        await producer.start()
        try:
            await producer.send_and_wait(
                self.system.config.topic_prefix + topic, value, key=key, headers=headers
            )
        finally:
            await producer.stop()

    # Plumbing

    def url(self, service: str, instance: int = 0) -> str:
        return self.system.instance(f"{service}-{instance}").url

    async def get(self, url: str, **headers: str) -> Answer:
        async with self.http.get(url, headers=headers) as response:
            return await _answer(response)

    async def post(self, url: str, body: Any, key: str | None = None, **headers: str) -> Answer:
        sent = {
            "Content-Type": "application/json",
            "Idempotency-Key": key or uuid4().hex,
            **headers,
        }
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        async with self.http.post(url, data=data, headers=sent) as response:
            return await _answer(response)


def list_files(folder: Path) -> set[Path]:
    return set(folder.iterdir())


async def _answer(response: aiohttp.ClientResponse) -> Answer:
    raw = await response.read()
    body = json.loads(raw) if "json" in response.content_type and raw else raw
    return Answer(response.status, body, raw, dict(response.headers))


def _everything(fulfilment_order: dict[str, Any]) -> list[dict[str, Any]]:
    quantities: Counter[str] = Counter()
    for line in fulfilment_order["lines"]:
        quantities[line["sku"]] += line["quantity"]
    return [{"sku": sku, "quantity": n} for sku, n in quantities.items()]


__all__ = ["Answer", "Shop", "a_line"]
