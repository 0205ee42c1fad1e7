"""Every route that takes a body, with one that has the right shape; no database behind it."""

import json
from typing import Any

import httpx2
import pytest

from tests.support.builders import an_order
from tests.support.in_process import problem_of

KEY = {"Idempotency-Key": "k-1"}
JSON = {**KEY, "Content-Type": "application/json"}
ROUTES: dict[tuple[str, str], dict[str, Any]] = {
    ("orders", "/v1/orders"): an_order(),
    ("orders", "/v1/orders/ord_1/cancel"): {"reason": "customer"},
    ("inventory", "/v1/stock/receipts"): {
        "receipts": [{"sku": "a", "location": "b", "quantity": 1}]
    },
    ("inventory", "/v1/stock/adjustments"): {
        "adjustments": [{"sku": "a", "location": "b", "quantity": 1}],
        "reason": "counted",
    },
    ("inventory", "/v1/fulfilment-orders/ffo_1/shipments"): {
        "lines": [{"sku": "a", "quantity": 1}],
        "carrier": "c",
        "tracking_number": "t",
    },
    ("inventory", "/v1/shipments/shp_1/events"): {"status": "delivered"},
    ("inventory", "/v1/fulfilment-orders/ffo_1/reject"): {"reason": "r"},
    ("inventory", "/v1/fulfilment-orders/ffo_1/cancellation"): {"answer": "refused"},
    ("payments", "/v1/payments/pay_1/refunds"): {"amount_minor": 1, "reason": "r"},
    ("orders", "/ops/dead-letters/1/discard"): {"reason": "r"},
}
KEYED = [route for route in ROUTES if "cancel" not in route[1] and "ops" not in route[1]]
KEYED.remove(("inventory", "/v1/shipments/shp_1/events"))
KEYED.remove(("inventory", "/v1/fulfilment-orders/ffo_1/reject"))

every_route = pytest.mark.parametrize("route", ROUTES, ids="".join)

Clients = dict[str, httpx2.AsyncClient]


async def send(
    clients: Clients, route: tuple[str, str], body: Any, headers: dict[str, str] = JSON
) -> httpx2.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await clients[route[0]].post(route[1], content=content, headers=headers)


def reaches_the_database(answer: httpx2.Response) -> bool:
    """The positive twin: nothing stood in the way but the database that is not there."""
    return problem_of(answer) == (503, "unavailable")
