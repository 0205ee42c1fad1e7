"""The orders service without Kafka: records through the pipeline of its intake."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from asyncpg import Pool
from orders.admission import Admission
from orders.app import intake_handlers
from orders.invariants import INVARIANTS
from orders.work import OrdersWork
from shared.clock import Clock
from shared.contracts import topics
from shared.database.migrate import migrate
from shared.database.pool import open_pool
from shared.messaging.envelope import Record, unpack
from shared.messaging.group import ConsumerGroup
from shared.messaging.pipeline import Pipeline
from shared.messaging.unit_of_work import Transactions

SUBMITTED = "storefront.order-submitted.v1"
CANCELLATION = "storefront.order-cancellation-requested.v1"


@dataclass(frozen=True)
class Told:
    """An event in the outbox: its Kafka key, short type and sequence."""

    key: str
    name: str
    sequence: int
    data: dict[str, Any]
    trace_id: str


@dataclass
class Orders:
    """One instance's parts; every storefront event is a record of its own."""

    pool: "Pool[Any]"
    transactions: Transactions[OrdersWork]
    admission: Admission = field(default_factory=lambda: Admission(900))

    @property
    def intake(self) -> ConsumerGroup:
        handlers = intake_handlers(self.admission)
        return ConsumerGroup("orders-intake", (topics.STOREFRONT_ORDERS,), handlers)

    async def take_in(self, *records: Record) -> None:
        """One batch from the storefronts' topic."""
        await Pipeline("orders", self.intake, self.transactions).process(records)

    async def order_under(self, reference: str) -> str:
        """The id of the order that ``reference`` names."""
        found = await self.pool.fetchval(
            "SELECT order_id FROM order_references WHERE client_reference = $1", reference
        )
        assert isinstance(found, str), reference
        return found

    async def told(self, key: str) -> list[Told]:
        """What was told under a Kafka key, in order."""
        return [one for one in await self.all_told() if one.key == key]

    async def all_told(self) -> list[Told]:
        rows = await self.pool.fetch(
            "SELECT key, headers, payload FROM outbox WHERE topic = $1 ORDER BY id", topics.ORDERS
        )
        return [_told(row["key"].decode(), row["headers"], row["payload"]) for row in rows]

    async def parked(self) -> list[str]:
        """Why records were set aside."""
        rows = await self.pool.fetch("SELECT reason FROM parked_events ORDER BY id")
        return [row["reason"] for row in rows]

    async def broken_promises(self) -> dict[str, list[Any]]:
        found = {one.name: await self.pool.fetch(one.query) for one in INVARIANTS}
        return {name: rows for name, rows in found.items() if rows}


def a_record(event_type: str, data: Any, key: str | None = None, traceparent: str = "") -> Record:
    """A storefront's event as it comes from Kafka, under an id of its own; bytes as they are."""
    headers = {
        "ce_specversion": "1.0",
        "ce_id": uuid4().hex,
        "ce_type": event_type,
        "ce_source": "/shop",
        "traceparent": traceparent,
    }
    value = data if isinstance(data, bytes) else json.dumps(data).encode()
    texts = [(name, text.encode()) for name, text in headers.items() if text]
    return Record(topics.STOREFRONT_ORDERS, 0, 0, (key or "").encode(), value, texts)


@asynccontextmanager
async def orders(dsn: str) -> AsyncIterator[Orders]:
    """The service on a database whose schema is made anew; at the end its promises hold."""
    pool = await open_pool(dsn, "orders-tests", connections_max=6)
    async with pool.acquire() as db:
        await db.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        await migrate(db, "orders")
    running = Orders(pool, Transactions(pool, Clock(), OrdersWork))
    try:
        yield running
        assert await running.broken_promises() == {}
    finally:
        await pool.close()


def _told(key: str, headers: bytes, payload: bytes) -> Told:
    texts = {name: (raw or b"").decode() for name, raw in unpack(headers)}
    return Told(
        key=key,
        name=texts["ce_type"].split(".")[1],
        sequence=int(texts["ce_sequence"]),
        data=json.loads(payload),
        trace_id=texts.get("traceparent", "--").split("-")[1],
    )
