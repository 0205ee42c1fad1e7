"""The running system as its outside sees it: storefront, warehouse and judge, all by HTTP."""

import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

CALL_TIMEOUT_S = 40.0
WAIT_S = 10
LOCATION = "demo"
CURRENCY = "GBP"

Json = dict[str, Any]


class RefusedError(RuntimeError):
    """The system answered a call with an error."""

    def __init__(self, method: str, url: str, status: int, body: str) -> None:
        super().__init__(f"{method} {url}: {status} {body[:300]}")
        self.status = status


@dataclass(frozen=True)
class Basket:
    """What a customer orders, and how it is paid."""

    reference: str
    sku: str
    quantity: int
    unit_price_minor: int
    token: str

    @property
    def total_minor(self) -> int:
        return self.quantity * self.unit_price_minor


@dataclass(frozen=True)
class System:
    """Calls to a running system. ``endpoints`` is the content of ``endpoints.json``.

    Every call raises ``RefusedError`` on an error answer and ``aiohttp.ClientError`` on none.
    """

    http: aiohttp.ClientSession
    endpoints: Mapping[str, Any]

    async def receive_stock(self, quantities: Mapping[str, int]) -> None:
        """Put units of several SKUs on the shelf."""
        receipts = [
            {"sku": sku, "location": LOCATION, "quantity": quantity}
            for sku, quantity in quantities.items()
        ]
        await self._post("inventory", "/v1/stock/receipts", {"receipts": receipts})

    async def place(self, basket: Basket, traceparent: str = "") -> str:
        """Place an order; gives its id once it is committed."""
        placed = await self._post("orders", "/v1/orders", _body(basket), traceparent)
        return str(placed["order_id"])

    async def order(self, order_id: str, wait_for: str = "") -> Json:
        """The order; with ``wait_for`` after at most 10 s, whether it got there or not."""
        query = {"wait_for": wait_for, "timeout_s": str(WAIT_S)} if wait_for else {}
        return await self._get("orders", f"/v1/orders/{order_id}", query)

    async def timeline(self, order_id: str) -> list[Json]:
        found = await self._get("orders", f"/v1/orders/{order_id}/timeline")
        return list(found["transitions"])

    async def cancel(self, order_id: str) -> None:
        await self._post("orders", f"/v1/orders/{order_id}/cancel", {"reason": "customer"})

    async def fulfilment_order(self, order_id: str) -> Json | None:
        """What the warehouse has to send; None until it was told."""
        query = {"order_id": order_id}
        found = await self._get("inventory", "/v1/fulfilment-orders", query)
        return next(iter(found["fulfilment_orders"]), None)

    async def dispatch(self, fulfilment_order: Json, traceparent: str = "") -> str:
        """Send everything in one parcel; gives the shipment's id."""
        parcel = {
            "lines": [
                {"sku": line["sku"], "quantity": line["quantity"]}
                for line in fulfilment_order["lines"]
            ],
            "carrier": "Royal Mail",
            "tracking_number": f"RM{uuid.uuid4().hex[:9].upper()}",
        }
        path = f"/v1/fulfilment-orders/{fulfilment_order['fulfilment_order_id']}/shipments"
        return str((await self._post("inventory", path, parcel, traceparent))["shipment_id"])

    async def deliver(self, shipment_id: str, traceparent: str = "") -> None:
        path = f"/v1/shipments/{shipment_id}/events"
        await self._post("inventory", path, {"status": "delivered"}, traceparent)

    async def payment(self, order_id: str) -> Json | None:
        """The order's payment; None until payments has heard of the order."""
        found = await self._get("payments", "/v1/payments", {"order_id": order_id})
        return next(iter(found["payments"]), None)

    async def stock(self, sku: str) -> Json:
        return await self._get("inventory", f"/v1/stock/{sku}")

    async def book(self) -> list[Json]:
        """Every operation that the payment provider really did."""
        return list(await self._call("GET", f"{self.endpoints['provider']}/book"))

    async def mails(self, order_id: str) -> list[Json]:
        """The mails that arrived about an order, in the order they came."""
        url = str(self.endpoints["mail"]["messages"])
        return list(await self._call("GET", url, params={"order_id": order_id}))

    async def alarms(self) -> list[Json]:
        """What is red on the console's page, with ``rule`` and ``says``."""
        found = await self._call("GET", self.endpoints["console"], params={"format": "json"})
        return list(found["alarms"])

    async def set_provider_faults(self, **percent: float) -> None:
        """How the payment provider fails from now on; without any, it does not."""
        await self._call("POST", f"{self.endpoints['provider']}/faults", json=percent)

    async def discard(self, service: str, key: str, operator: str, reason: str) -> None:
        """Drop what the service has parked for ``key``; nothing when it has not."""
        found = await self._get(service, "/ops/dead-letters", {"key": key})
        for letter in found["dead_letters"]:
            url = f"{self.endpoints[service]}/ops/dead-letters/{letter['id']}/discard"
            headers = {"X-Operator": operator}
            await self._call("POST", url, json={"reason": reason}, headers=headers)

    async def _get(self, service: str, path: str, query: Mapping[str, str] | None = None) -> Json:
        found: Json = await self._call("GET", self.endpoints[service] + path, params=query)
        return found

    async def _post(self, service: str, path: str, body: Json, traceparent: str = "") -> Json:
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        if traceparent:
            headers["traceparent"] = traceparent
        url = self.endpoints[service] + path
        answer: Json = await self._call("POST", url, json=body, headers=headers)
        return answer

    async def _call(self, method: str, url: str, **more: Any) -> Any:
        async with self.http.request(method, url, **more) as answer:
            if answer.status >= 400:
                raise RefusedError(method, url, answer.status, await answer.text())
            return await answer.json()


@asynccontextmanager
async def system_at(endpoints: Mapping[str, Any]) -> AsyncIterator[System]:
    """The system whose addresses are ``endpoints``."""
    timeout = aiohttp.ClientTimeout(total=CALL_TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        yield System(http, endpoints)


def _body(basket: Basket) -> Json:
    name = "Customer 17850"
    lines: Sequence[Json] = [
        {
            "sku": basket.sku,
            "quantity": basket.quantity,
            "unit_price_minor": basket.unit_price_minor,
            "description": "WHITE HANGING HEART T-LIGHT HOLDER",
        }
    ]
    address = {"name": name, "line1": "1 Example Street", "city": "London"}
    return {
        "client_reference": basket.reference,
        "channel": "b2c",
        "currency": CURRENCY,
        "locale": "en-GB",
        "customer": {"id": "17850", "email": "customer-17850@example.com", "name": name},
        "shipping_address": {**address, "postal_code": "SW1Y 4LB", "country": "GB"},
        "lines": lines,
        "payment": {"method": "card", "token": basket.token},
        "total_minor": basket.total_minor,
    }
