"""The partners' part of notifications without Kafka: records go through its real pipeline."""

import asyncio
import os
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network
from typing import Any

import httpx2
from asyncpg import Pool, Record
from fastapi import FastAPI
from notifications.app import PARTNERS, TOLD_TO_PARTNERS
from notifications.partners.actions import Desk
from notifications.partners.dispatcher import Dispatcher
from notifications.partners.http.endpoints import endpoint_routes
from notifications.partners.http.events import event_routes
from notifications.partners.http.operators import operator_routes
from notifications.partners.outward import Outward
from notifications.partners.watch import LogWatch
from notifications.settings import NotificationsSettings
from notifications.unit_of_work import MessageWork
from shared.clock import Clock
from shared.contracts import topics
from shared.contracts.inventory import FulfilmentEvent
from shared.database import Db
from shared.database.migrate import migrate
from shared.database.pool import open_pool
from shared.http import problem
from shared.ids import new_id
from shared.messaging.envelope import Record as KafkaRecord
from shared.messaging.envelope import encode_headers
from shared.messaging.group import ConsumerGroup
from shared.messaging.pipeline import Pipeline
from shared.messaging.unit_of_work import Transactions
from shared.running import tick
from shared.service import Running, Timer

LOOPBACK = (IPv4Network("127.0.0.0/8"),)
TABLES = (
    "partner_events, partners, partner_keys, webhook_endpoints, webhook_deliveries, "
    "webhook_attempts, inbox, parked_keys, parked_events, outbox, order_messages"
)


@dataclass(frozen=True)
class MovingClock(Clock):
    """The database's clock, moved on by as much as a test says."""

    moved: list[timedelta] = field(default_factory=lambda: [timedelta()])

    async def now(self, db: Db) -> datetime:
        return await super().now(db) + self.moved[0]

    def move(self, by: timedelta) -> None:
        self.moved[0] += by


@dataclass
class PartnerWorld:
    """One instance; ``dispatcher`` is driven by hand, or runs for as long as ``running`` lasts."""

    settings: NotificationsSettings
    pool: "Pool[Record]"
    clock: MovingClock
    running: Running
    dispatcher: Dispatcher
    http: httpx2.AsyncClient
    _sequences: Counter[str] = field(default_factory=Counter)
    _offset: int = 0

    async def tell(self, *events: FulfilmentEvent) -> list[str]:
        """As one batch that Kafka brought; gives the events' ids."""
        records = [self.record(one) for one in events]
        await self.process(records)
        return [one.texts()["ce_id"] for one in records]

    def record(self, event: FulfilmentEvent) -> KafkaRecord:
        """The next record of the topic, with the event's number within its order."""
        self._sequences[event.order_id] += 1
        self._offset += 1
        now = datetime.now(UTC) + self.clock.moved[0]
        number = self._sequences[event.order_id]
        headers = encode_headers(event, new_id("evt"), now, number, "")
        data = event.model_dump_json().encode()
        key = event.order_id.encode()
        return KafkaRecord(topics.FULFILMENT, 0, self._offset, key, data, headers)

    async def process(self, records: Sequence[KafkaRecord]) -> None:
        group = ConsumerGroup(PARTNERS, (topics.FULFILMENT,), TOLD_TO_PARTNERS)
        await Pipeline("notifications", group, self.running.transactions).process(records)

    async def add_partner(self, name: str, **more: Any) -> dict[str, str]:
        """The headers that a partner's key makes."""
        answer = await self.http.post("/ops/partners", json={"name": name, **more})
        assert answer.status_code == 201, answer.text
        return {"Authorization": f"Bearer {answer.json()['key']}"}

    async def register(self, key: dict[str, str], url: str, **more: Any) -> dict[str, Any]:
        answer = await self.http.post(
            "/v1/webhook-endpoints", json={"url": url, **more}, headers=key
        )
        assert answer.status_code == 201, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def send_all(self) -> None:
        """Rounds until there is nothing left that is due now."""
        while await self.dispatcher.round():
            await self.dispatcher.settled()

    @asynccontextmanager
    async def dispatching(self) -> AsyncIterator[None]:
        """Run the dispatcher for as long as the block lasts."""
        task = asyncio.create_task(self.dispatcher.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def fetch(self, statement: str, *values: Any) -> list[Record]:
        async with self.pool.acquire() as db:
            return await db.fetch(statement, *values)

    async def empty(self) -> None:
        await self.fetch(f"TRUNCATE {TABLES}")
        await self.fetch("UPDATE partner_log SET position = 0, oldest = 1")
        await self.fetch("UPDATE partner_fan_out SET position = 0")


@asynccontextmanager
async def partner_world(
    dsn: str, name: str = "a", spread: Callable[[], float] = lambda: 0.5, **settings: Any
) -> AsyncIterator[PartnerWorld]:
    """An instance called ``name``; what it sends may go to loopback."""
    known = NotificationsSettings(
        ORDERPROOF_ENVIRONMENT="local",
        database_url=dsn,
        kafka_bootstrap="127.0.0.1:9",
        instance_name=name,
        partner_secrets_key=b64encode(os.urandom(32)).decode(),
        **{"webhook_networks": LOOPBACK, **settings},
    )
    pool = await open_pool(dsn, f"partners-{name}", 8)
    async with pool.acquire() as db:
        await migrate(db, "notifications")
    clock = MovingClock()
    running = Running(known, pool, clock, Transactions(pool, clock, MessageWork))
    outward = Outward(known.webhook_calls_max, known.webhook_networks)
    assert known.vault is not None
    dispatcher = Dispatcher(running, outward, known.vault, name, known.webhook_calls_max, spread)
    running.transactions.on_work.append(dispatcher.wake)
    desk = Desk(running, outward, known.vault, known.partner_endpoints_max, dispatcher.wake)
    watch = LogWatch()
    app = FastAPI(redirect_slashes=False)
    problem.install(app)
    for router in (
        *event_routes(running, watch),
        *endpoint_routes(desk),
        *operator_routes(running),
    ):
        app.include_router(router)
    looking = asyncio.create_task(tick(Timer("watch", watch.INTERVAL_S, watch.look), running))
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://partners") as http:
        yield PartnerWorld(known, pool, clock, running, dispatcher, http)
    looking.cancel()
    await outward.close()
    await pool.close()
