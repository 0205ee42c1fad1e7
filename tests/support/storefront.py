"""A storefront on its topic: CloudEvents of its own source, keyed by its references."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from shared.contracts import topics
from shared.contracts.storefront import OrderCancellationSubmitted, OrderSubmitted

from tests.support.kafka_log import headers_of
from tests.support.shop import Shop
from tests.support.waiting import eventually


@dataclass(frozen=True)
class Storefront:
    """``source`` is what its events say in ``ce_source``; their ids need be unique only there."""

    shop: Shop
    source: str = "/storefront"

    async def submit(self, body: dict[str, Any], event_id: str = "", traceparent: str = "") -> str:
        """Submit an order; gives the event's id."""
        key = body["client_reference"]
        return await self._tell(OrderSubmitted.type, key, body, event_id, traceparent)

    async def cancel(self, body: dict[str, Any], traceparent: str = "") -> str:
        """Ask to cancel the order that ``body`` names by order id or reference."""
        key = body.get("client_reference") or body["order_id"]
        return await self._tell(OrderCancellationSubmitted.type, key, body, "", traceparent)

    async def order_of(self, reference: str) -> str:
        """The id of the one order that a reference has become."""

        async def look() -> Any:
            url = f"{self.shop.url('orders')}/v1/orders?client_reference={reference}"
            return (await self.shop.get(url)).body["orders"]

        (found,) = await eventually(look, f"an order for {reference}")
        return str(found["order_id"])

    async def refused(self, reference: str) -> dict[str, str]:
        """The headers of the first refusal told under a reference, and its reason."""

        async def look() -> Any:
            records = await self.shop.log.read(topics.ORDERS)
            return next((one for one in records if one.key == reference.encode()), None)

        found = await eventually(look, f"{reference} refused")
        return {**headers_of(found), "reason": json.loads(found.value)["reason"]}

    async def _tell(
        self, event_type: str, key: str, body: dict[str, Any], event_id: str, traceparent: str
    ) -> str:
        event_id = event_id or uuid4().hex
        headers = {
            "ce_specversion": "1.0",
            "ce_id": event_id,
            "ce_type": event_type,
            "ce_source": self.source,
            "content-type": "application/json",
            "traceparent": traceparent,
        }
        encoded = [(name, text.encode()) for name, text in headers.items() if text]
        await self.shop.produce(
            topics.STOREFRONT_ORDERS, json.dumps(body).encode(), encoded, key.encode()
        )
        return event_id
