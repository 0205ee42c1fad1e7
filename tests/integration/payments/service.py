"""The payments service without Kafka: events in, rows performed on demand, time by hand."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from asyncpg import Pool, Record
from payments import store
from payments.app import HANDLERS
from payments.calls.desk import Desk
from payments.calls.perform import perform
from payments.calls.sweep import sweep
from payments.domain.attempts import Attempt, CallLimits
from payments.domain.payment import Payment
from payments.invariants import INVARIANTS
from payments.unit_of_work import PaymentsWork
from shared.clock import Clock
from shared.contracts.event import Event
from shared.contracts.orders import (
    Address,
    OrderCancelled,
    OrderExpired,
    OrderLine,
    OrderPlaced,
    OrderRejected,
    PaymentMethod,
    Personal,
)
from shared.database.migrate import migrate
from shared.database.pool import connect, open_pool
from shared.messaging.batch import rounds
from shared.messaging.envelope import unpack
from shared.messaging.unit_of_work import Transactions
from shared.work import rows
from shared.work.rows import LeasedRow
from shared.work.slots import Slots

from tests.integration.payments.fake_provider import FakeProvider

CALL_TIMEOUT_S = 5.0
LEASE_S = 15.0
DEADLINE_S = 900
DECIDE_WITHIN_S = DEADLINE_S - 10
LIMITS = CallLimits(
    calls_max=4,
    settle_after=timedelta(seconds=CALL_TIMEOUT_S + LEASE_S),
    inquiry_delay=timedelta(seconds=1),
    key_use_max=timedelta(hours=12),
    sweep_delays=tuple(timedelta(seconds=one) for one in (60, 300, 1800, 7200, 86400)),
)
TOKEN = "tok_secret_canary"


@dataclass
class Payments:
    """One instance's parts; ``travel`` moves its clock."""

    pool: "Pool[Record]"
    transactions: Transactions[PaymentsWork]
    desk: Desk
    provider: FakeProvider
    slots: Slots
    travelled_s: float = 0

    def travel(self, seconds: float) -> None:
        self.travelled_s += seconds
        self.transactions.clock = Clock(timedelta(seconds=self.travelled_s))
        self.provider.travelled_s = self.travelled_s

    async def receive(self, *events: Event, traceparent: str = "") -> None:
        """What the pipeline does with a batch, without inbox and parking."""
        async with self.transactions.begin(traceparent) as work:
            await work.lock_orders(await work.claim(events))
            await work.prepare(events)
            for one_round in rounds(events):
                for batch in one_round:
                    await HANDLERS[type(batch[0])](batch, work)

    async def lease(self, owner: str = "payments-0") -> list[LeasedRow]:
        async with self.pool.acquire() as db:
            now = await self.transactions.clock.now(db)
            return await rows.lease(db, owner, 16, now, LEASE_S)

    async def perform(self, row: LeasedRow) -> None:
        await perform(row, desk=self.desk, provider=self.provider, slots=self.slots)

    async def work(self) -> int:
        """Perform what is due, and what becomes due by that; gives how many rows."""
        performed = 0
        while due := await self.lease():
            for row in due:
                await self.perform(row)
                performed += 1
        return performed

    async def live_on(self, seconds: float, step_s: float = 1) -> None:
        """Let time pass in steps; worker and sweep run as they would."""
        for _ in range(int(seconds / step_s)):
            self.travel(step_s)
            await self.work()
            await sweep(self.desk, self.provider)
            await self.work()

    async def payment(self, order_id: str) -> Payment:
        async with self.pool.acquire() as db:
            payment = await store.payment_of(db, order_id)
        assert payment is not None
        return payment

    async def attempts(self, order_id: str) -> list[Attempt]:
        async with self.pool.acquire() as db:
            return await store.attempts_of(db, order_id)

    async def charge(self, order_id: str) -> Attempt:
        return (await self.attempts(order_id))[0]

    async def told(self, order_id: str) -> list[dict[str, Any]]:
        """Every event of an order in the order it was told, with its short type."""
        found = []
        records = await self.pool.fetch(
            "SELECT headers, payload FROM outbox WHERE key = $1 ORDER BY id", order_id.encode()
        )
        for number, one in enumerate(records, 1):
            headers = dict(unpack(one["headers"]))
            assert headers["ce_sequence"] == f"{number:010d}".encode()
            name = (headers["ce_type"] or b"").decode().split(".")[1].removeprefix("payment-")
            found.append({"type": name, **json.loads(one["payload"])})
        return found

    async def traces(self, order_id: str) -> list[str]:
        """The trace of every event of an order, in the order it was told; empty for none."""
        records = await self.pool.fetch(
            "SELECT headers FROM outbox WHERE key = $1 ORDER BY id", order_id.encode()
        )
        contexts = [dict(unpack(one["headers"])).get("traceparent") or b"" for one in records]
        return [one.decode().split("-")[1] if one else "" for one in contexts]

    async def types(self, order_id: str) -> list[str]:
        return [one["type"] for one in await self.told(order_id)]

    async def ledger(self, order_id: str) -> list[tuple[str, int, str]]:
        records = await self.pool.fetch(
            "SELECT operation, amount_minor, currency FROM ledger_entries "
            "WHERE order_id = $1 AND account = 'provider_clearing' ORDER BY id",
            order_id,
        )
        return [(one["operation"], one["amount_minor"], one["currency"]) for one in records]

    async def open_rows(self) -> int:
        count: int = await self.pool.fetchval("SELECT count(*) FROM work_rows WHERE NOT done")
        return count

    async def broken_promises(self) -> dict[str, list[str]]:
        """Invariants of this database that do not hold, and the ids that show it."""
        found = {one.name: await self.pool.fetch(one.query) for one in INVARIANTS}
        return {name: [str(row[0]) for row in rows] for name, rows in found.items() if rows}

    def books_agree(self, order_id: str, ledger: list[tuple[str, int, str]]) -> bool:
        """The judge: our ledger says for an order, line by line, what the provider's book says."""
        theirs = [
            ("charge", one.money.minor, one.money.currency)
            if one.op == "capture"
            else ("refund", -one.money.minor, one.money.currency)
            for one in self.provider.book
            if one.order_id == order_id
        ]
        return sorted(theirs) == sorted(ledger)


@asynccontextmanager
async def payments(dsn: str) -> AsyncIterator[Payments]:
    """The service on a database emptied by building it anew: the ledger cannot be emptied."""
    db = await connect(dsn, "tests")
    await db.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await migrate(db, "payments")
    await db.close()
    pool = await open_pool(dsn, "payments-tests", 8)
    try:
        transactions = Transactions(pool, Clock(), partial(PaymentsWork, limits=LIMITS))
        desk = Desk(transactions, LIMITS, LEASE_S)
        yield Payments(pool, transactions, desk, FakeProvider(), Slots(16))
    finally:
        await pool.close()


def placed(order_id: str = "ord_1", total_minor: int = 1530, **changes: Any) -> OrderPlaced:
    now = datetime.now(UTC)
    values: dict[str, Any] = {
        "order_id": order_id,
        "client_reference": f"web-{order_id}",
        "channel": "b2c",
        "currency": "GBP",
        "locale": "en-GB",
        "customer_id": "17850",
        "lines": (OrderLine(sku="85123A", quantity=6, unit_price_minor=255),),
        "total_minor": total_minor,
        "payment": PaymentMethod(method="card", token=TOKEN),
        "personal": Personal(
            name="A",
            email="a@example.com",
            address=Address(name="A", line1="1", city="B", postal_code="C", country="GB"),
        ),
        "placed_at": now,
        "deadline_at": now + timedelta(seconds=DEADLINE_S),
    }
    return OrderPlaced(**{**values, **changes})


def rejected(order_id: str = "ord_1") -> OrderRejected:
    return OrderRejected(
        order_id=order_id, client_reference=f"web-{order_id}", reasons=("out-of-stock",)
    )


def expired(order_id: str = "ord_1") -> OrderExpired:
    return OrderExpired(order_id=order_id, client_reference=f"web-{order_id}")


def cancelled(order_id: str = "ord_1") -> OrderCancelled:
    return OrderCancelled(order_id=order_id, client_reference=f"web-{order_id}", reason="customer")
