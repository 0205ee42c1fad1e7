"""Orders placed by HTTP and moved on by facts, as the pipeline would move them."""

from typing import Any, TypeAlias
from uuid import uuid4

import httpx2
from asyncpg import Pool, Record
from orders.work import OrdersWork
from shared.clock import Clock
from shared.contracts.event import Event
from shared.contracts.inventory import (
    FulfilmentOrderOpened,
    ShipmentDelivered,
    ShipmentDispatched,
    StockReserved,
)
from shared.contracts.payments import PaymentCaptured, PaymentDeclined
from shared.messaging.unit_of_work import Transactions

from tests.support.builders import an_order

Client = httpx2.AsyncClient
Database: TypeAlias = "Pool[Record]"


async def place(client: Client, **members: Any) -> str:
    """An order's id once it is taken."""
    answer = await client.post(
        "/v1/orders", json=an_order(**members), headers={"Idempotency-Key": uuid4().hex}
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["order_id"])


async def advance(pool: Database, order_id: str, *facts: Event) -> None:
    transactions = Transactions(pool, Clock(), OrdersWork)
    for fact in facts:
        async with transactions.begin() as work:
            await work.lock_orders([order_id])
            work.advance(order_id, fact, fact.type)


def confirming(order_id: str) -> tuple[Event, ...]:
    return (captured(order_id), StockReserved(order_id=order_id, holds=()), opened(order_id))


def captured(order_id: str) -> Event:
    return PaymentCaptured(order_id=order_id, payment_id="pay_1", amount_minor=250, currency="GBP")


def declining(order_id: str) -> tuple[Event, ...]:
    declined = PaymentDeclined(
        order_id=order_id, payment_id="p", amount_minor=250, currency="GBP", reason="declined"
    )
    return (declined, StockReserved(order_id=order_id, holds=()))


def opened(order_id: str) -> Event:
    return FulfilmentOrderOpened(order_id=order_id, fulfilment_order_id="ffo_1", lines=())


def dispatched(order_id: str, *, complete: bool = True) -> Event:
    return ShipmentDispatched(
        order_id=order_id,
        fulfilment_order_id="ffo_1",
        shipment_id="shp_1",
        carrier="c",
        tracking_number="t",
        lines=(),
        complete=complete,
    )


def delivered(order_id: str) -> Event:
    return ShipmentDelivered(
        order_id=order_id, fulfilment_order_id="ffo_1", shipment_id="shp_1", complete=True
    )


def leading_to(status: str, order_id: str) -> tuple[Event, ...]:
    """The facts that bring a new order there."""
    if status == "rejected":
        return declining(order_id)
    complete = status != "partially_shipped"
    later = (dispatched(order_id, complete=complete), delivered(order_id))
    steps = {"confirmed": 0, "partially_shipped": 1, "shipped": 1, "delivered": 2}[status]
    return (*confirming(order_id), *later[:steps])
