"""A provider that tells by itself what it did: signed events to the service's own route."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx2
from fastapi import FastAPI
from payments.calls.sweep import Sweeper
from payments.event_api import event_router
from payments.hearing import Sender
from payments.settings import PaymentsSettings
from shared.http import problem
from shared.http.guards import Limited
from shared.service import Running

from tests.integration.payments import fake_provider as does
from tests.integration.payments.fake_provider import FakeProvider, Operation
from tests.integration.payments.service import LIMITS, Payments, placed
from tests.support.waiting import eventually
from tests.support.webhook_signing import KEY, signed_headers

SETTINGS = PaymentsSettings(
    ORDERPROOF_ENVIRONMENT="local",
    database_url="postgresql://payments@127.0.0.1/payments",
    kafka_bootstrap="127.0.0.1:9092",
    instance_name="payments-0",
    provider_url="http://127.0.0.1:8100",
)
URL = "/v1/provider-events/provider"


@dataclass
class Teller:
    """``sweeper`` is the service's own: it asks a moment after an event was taken in."""

    service: Payments
    http: httpx2.AsyncClient

    async def tell(self, kind: str, **about: str) -> httpx2.Response:
        """An event about an operation; ``event_id`` is its own for each unless it is given."""
        event_id = about.pop("event_id", f"msg_{kind[7:]}_{about.get('key', 'k')}")
        body = event(kind, **about)
        return await self.send(body, event_id)

    async def tell_of(self, done: Operation, **more: str) -> httpx2.Response:
        """The event of an operation in the book."""
        kind = "charge.captured" if done.op == "capture" else "charge.refunded"
        about = {"key": done.key, "order_id": done.order_id, "charge_id": done.reference}
        return await self.tell(kind, **{**about, **more})

    async def send(self, body: bytes, event_id: str, age_s: float = 0) -> httpx2.Response:
        now_s = datetime.now(UTC).timestamp() + self.service.travelled_s
        return await self.post(body, signed_headers(event_id, int(now_s - age_s), body))

    async def post(self, body: bytes, headers: dict[str, str], url: str = URL) -> httpx2.Response:
        return await self.http.post(url, content=body, headers=headers)

    async def rows(self) -> list[dict[str, Any]]:
        records = await self.service.pool.fetch("SELECT * FROM provider_events ORDER BY event_id")
        return [dict(one) for one in records]


def event(kind: str, **about: str) -> bytes:
    named = {"key": "k", "order_id": "ord_1", "charge_id": "ch_0", **about}
    operation = {**named, "id": "op_1", "amount_minor": 1, "currency": "XXX", "ok": True}
    body = {"type": kind, "timestamp": "2020-01-01T00:00:00Z", "data": {"operation": operation}}
    return json.dumps(body).encode()


@asynccontextmanager
async def a_teller(service: Payments, *keys: bytes) -> AsyncIterator[Teller]:
    app = FastAPI()
    app.add_middleware(Limited)
    problem.install(app)
    running = Running(SETTINGS, service.pool, service.transactions.clock, service.transactions)
    sweeper = Sweeper(service.desk, service.provider)
    sender = Sender("provider", keys or (KEY,), LIMITS.settle_after)
    app.include_router(event_router(running, sender, sweeper.wake))
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://p") as http:
        yield Teller(service, http)


async def is_told(service: Payments, *types: str) -> None:
    """Wait until exactly these events were told of the order, with no timer to help."""

    async def look() -> bool:
        await service.work()
        return await service.types("ord_1") == list(types)

    await eventually(look, f"told {types}", 5)


async def unanswered(service: Payments, provider: FakeProvider) -> Operation:
    """An order whose charge was made, and the answer to it was lost."""
    provider.charge_script = [does.charges_without_answer]
    await service.receive(placed())
    await service.work()
    assert await service.types("ord_1") == []
    return provider.book[0]
