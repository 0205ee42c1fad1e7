"""Orders over HTTP: placed under a key, then waited for by long poll."""

import asyncio
from dataclasses import dataclass
from typing import Any

from local_runtime.demo_orders import has_reached
from local_runtime.retail.calls import PatientCalls
from local_runtime.retail.fates import (
    DECIDED_TIMEOUT_S,
    Fate,
    Seen,
    fate_of,
    refused,
    undecided,
)
from local_runtime.retail.orders import SaleOrder

WAIT_S = 10
# The order is there already: placed over Kafka, or from another export of the same rows.
IS_THERE = frozenset({"order-exists", "idempotency-key-reused"})


@dataclass(frozen=True)
class HttpDoor:
    """``orders`` is the base address of the orders API."""

    calls: PatientCalls
    orders: str

    async def place(self, order: SaleOrder) -> Fate:
        """Place it, and wait until it is decided. Raises ``UnansweredError``."""
        url = f"{self.orders}/v1/orders"
        answer = await self.calls.post(url, order.body, order.reference)
        if answer.status == 201:
            return await self._decided(order, str(answer.document["order_id"]))
        if answer.name in IS_THERE:
            return await self._found(order, answer.problem)
        return refused(answer.problem)

    async def _found(self, order: SaleOrder, problem: str) -> Fate:
        url = f"{self.orders}/v1/orders"
        answer = await self.calls.get(url, client_reference=order.reference)
        found = answer.document.get("orders") if answer.status == 200 else None
        return await self._decided(order, found[0]["order_id"]) if found else refused(problem)

    async def _decided(self, order: SaleOrder, order_id: str) -> Fate:
        url = f"{self.orders}/v1/orders/{order_id}"
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + DECIDED_TIMEOUT_S
        while loop.time() < give_up_at:
            answer = await self.calls.get(url, wait_for="decided", timeout_s=str(WAIT_S))
            if answer.status != 200:
                return refused(answer.problem)
            if has_reached("decided", answer.document["status"]):
                return fate_of(order, _seen(answer.document))
        return undecided(order_id)


def _seen(document: dict[str, Any]) -> Seen:
    return Seen(
        order_id=document["order_id"],
        status=document["status"],
        total_minor=document["total_minor"],
        lines=len(document["lines"]),
        reasons=document["reasons"],
    )
