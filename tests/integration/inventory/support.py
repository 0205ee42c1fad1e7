"""Builders of the events inventory hears, and the way a batch of them takes through it."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import httpx2
from asyncpg import Pool, Record
from inventory.app import HANDLERS
from inventory.domain.order import OrderHolds
from inventory.domain.stock import Place
from inventory.invariants import INVARIANTS
from inventory.work import InventoryWork
from shared.contracts.event import Event
from shared.contracts.orders import (
    Address,
    OrderCancellationRequested,
    OrderCancelled,
    OrderConfirmed,
    OrderExpired,
    OrderLine,
    OrderPlaced,
    PaymentMethod,
    Personal,
)
from shared.ids import new_id
from shared.messaging.batch import rounds
from shared.messaging.envelope import unpack
from shared.messaging.unit_of_work import Transactions

Inventory: TypeAlias = Transactions[InventoryWork]
Client: TypeAlias = httpx2.AsyncClient
Told: TypeAlias = tuple[str, dict[str, Any]]

ADDRESS = Address(name="A", line1="1 Road", city="Leeds", postal_code="LS1", country="GB")


def placed(
    *lines: tuple[str, int], order_id: str | None = None, deadline_s: float = 900
) -> OrderPlaced:
    """An order for so many units of each SKU, to be decided within ``deadline_s``."""
    now = datetime.now(UTC)
    return OrderPlaced(
        order_id=order_id or new_id("ord"),
        client_reference="web-1",
        channel="b2c",
        currency="GBP",
        locale="en-GB",
        customer_id=None,
        lines=tuple(
            OrderLine(sku=sku, quantity=quantity, unit_price_minor=100) for sku, quantity in lines
        ),
        total_minor=100,
        payment=PaymentMethod(method="card", token="tok_ok"),
        personal=Personal(name="A", email="a@example.com", address=ADDRESS),
        placed_at=now,
        deadline_at=now + timedelta(seconds=deadline_s),
    )


def confirmed(order_id: str) -> OrderConfirmed:
    return OrderConfirmed(
        order_id=order_id, client_reference="web-1", total_minor=100, currency="GBP"
    )


def expired(order_id: str) -> OrderExpired:
    return OrderExpired(order_id=order_id, client_reference="web-1")


def cancelled(order_id: str) -> OrderCancelled:
    return OrderCancelled(order_id=order_id, client_reference="web-1", reason="customer")


def cancellation_requested(order_id: str) -> OrderCancellationRequested:
    return OrderCancellationRequested(
        order_id=order_id, client_reference="web-1", reason="customer"
    )


async def handle(work: InventoryWork, events: Iterable[Event]) -> None:
    """What the pipeline does with a batch of new events between the inbox and the commit."""
    batch = list(events)
    await work.lock_orders(await work.claim(batch))
    await work.prepare(batch)
    for one_round in rounds(batch):
        for same_type in one_round:
            await HANDLERS[type(same_type[0])](same_type, work)


async def deliver(inventory: Inventory, *events: Event) -> None:
    """One batch, one transaction."""
    async with inventory.begin() as work:
        await handle(work, events)


async def receive(inventory: Inventory, units: Mapping[tuple[str, str], int]) -> None:
    """Put units on the shelves, by (SKU, location)."""
    places = {Place(*place): quantity for place, quantity in units.items()}
    async with inventory.begin() as work:
        await work.lock_stock({place.sku for place in places}, new_places=list(places))
        work.stock.receive(places.items())


async def level(inventory: Inventory, sku: str, location: str = "A") -> tuple[int, int]:
    """(on hand, reserved)."""
    row = await inventory.pool.fetchrow(
        "SELECT on_hand, reserved FROM stock WHERE sku = $1 AND location = $2", sku, location
    )
    assert row is not None
    return (row["on_hand"], row["reserved"])


async def row_of(inventory: Inventory, order_id: str) -> OrderHolds:
    columns = ", ".join(InventoryWork.table.columns)
    row = await inventory.pool.fetchrow(
        f"SELECT {columns} FROM order_holds WHERE order_id = $1", order_id
    )
    assert row is not None
    return OrderHolds(**row)


async def told(inventory: Inventory, order_id: str) -> list[Told]:
    """What was published about the order, in order: the type without its version, the data."""
    rows = await inventory.pool.fetch(
        "SELECT headers, payload FROM outbox WHERE key = $1 ORDER BY id", order_id.encode()
    )
    return [(_type(row["headers"]), json.loads(row["payload"])) for row in rows]


async def names_told(inventory: Inventory, order_id: str) -> list[str]:
    return [name for name, _ in await told(inventory, order_id)]


def _type(headers: bytes) -> str:
    raw = dict(unpack(headers))["ce_type"]
    assert raw is not None
    return raw.decode().split(".")[1]


async def open_order(inventory: Inventory, *lines: tuple[str, int]) -> tuple[str, str]:
    """A confirmed order: its id and its fulfilment order's."""
    order = placed(*lines)
    await deliver(inventory, order, confirmed(order.order_id))
    row = await row_of(inventory, order.order_id)
    assert row.fulfilment_order_id is not None
    return order.order_id, row.fulfilment_order_id


async def post(client: Client, path: str, body: Any, key: str | None = None) -> httpx2.Response:
    """Send ``body`` under ``key``, or under a key of its own."""
    headers = {"Idempotency-Key": key or new_id("key")}
    return await client.post(path, json=body, headers=headers)


def parcel(*lines: tuple[str, int]) -> dict[str, Any]:
    return {
        "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines],
        "carrier": "DHL",
        "tracking_number": "T1",
    }


async def ship(client: Client, ffo: str, *lines: tuple[str, int]) -> httpx2.Response:
    return await post(client, f"/v1/fulfilment-orders/{ffo}/shipments", parcel(*lines))


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    """A problem document's status and type."""
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["type"]


async def broken_promises(pool: "Pool[Record]") -> dict[str, list[Record]]:
    """Which invariants do not hold, and for whom; empty when all is well."""
    found = {one.name: await pool.fetch(one.query) for one in INVARIANTS}
    return {name: rows for name, rows in found.items() if rows}
