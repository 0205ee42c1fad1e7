"""The partners' part of notifications without Kafka: records go through its real pipeline."""

import asyncio
import os
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import IPv4Network
from typing import Any, ClassVar, TypeVar

import httpx2
from asyncpg import Pool, Record
from fastapi import FastAPI
from notifications.app import HANDLERS, NAME, PARTNERS, TOLD_TO_PARTNERS
from notifications.partners.actions import Desk
from notifications.partners.dispatcher import Dispatcher
from notifications.partners.domain.endpoint import ROTATION
from notifications.partners.http.endpoints import endpoint_routes
from notifications.partners.http.events import event_routes
from notifications.partners.http.operators import operator_routes
from notifications.partners.http.order_deliveries import order_delivery_routes
from notifications.partners.invariants import PARTNER_INVARIANTS
from notifications.partners.outward import Outward
from notifications.partners.watch import LogWatch
from notifications.settings import NotificationsSettings
from notifications.unit_of_work import MessageWork
from shared.clock import Clock
from shared.contracts import topics
from shared.contracts.event import Event
from shared.contracts.inventory import FulfilmentEvent
from shared.contracts.orders import OrderPlaced
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

T = TypeVar("T")
LOOPBACK = (IPv4Network("127.0.0.0/8"),)
TABLES = (
    "partner_events, partners, partner_keys, webhook_endpoints, webhook_deliveries, "
    "webhook_attempts, inbox, parked_keys, parked_events, outbox, order_messages, "
    "work_rows, messages"
)


@dataclass
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
    ROTATION: ClassVar[timedelta] = ROTATION
    _sequences: Counter[str] = field(default_factory=Counter)
    _offset: int = 0
    _dispatching: "asyncio.Task[None] | None" = None

    async def tell(self, *events: FulfilmentEvent) -> list[str]:
        """As one batch that Kafka brought; gives the events' ids."""
        records = [self.record(one) for one in events]
        await self.process(records)
        return [one.texts()["ce_id"] for one in records]

    async def place(self, *placed: OrderPlaced) -> None:
        """What orders tells, which customers' mails and addresses are known from."""
        group = ConsumerGroup(NAME, (topics.ORDERS,), {OrderPlaced: HANDLERS[OrderPlaced]})
        records = [self.record(one) for one in placed]
        await Pipeline(NAME, group, self.running.transactions).process(records)

    def record(self, event: Event) -> KafkaRecord:
        """The next record of the event's topic, with its number within its order."""
        place = f"{event.topic} {event.order_id}"
        self._sequences[place] += 1
        self._offset += 1
        now = datetime.now(UTC) + self.clock.moved[0]
        number = self._sequences[place]
        headers = encode_headers(event, new_id("evt"), now, number, "")
        data = event.model_dump_json().encode()
        key = event.order_id.encode()
        return KafkaRecord(event.topic, 0, self._offset, key, data, headers)

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
        """Run the dispatcher for as long as the block lasts, or until it dies."""
        self._dispatching = asyncio.create_task(self.dispatcher.run())
        try:
            yield
        finally:
            self._dispatching.cancel()
            await asyncio.gather(self._dispatching, return_exceptions=True)

    @asynccontextmanager
    async def another(self, name: str = "b", **settings: Any) -> AsyncIterator["PartnerWorld"]:
        """One more instance on the same database, with the same key and the same clock."""
        same = {"partner_secrets_key": self.settings.partner_secrets_key, **settings}
        async with partner_world(
            str(self.settings.database_url), name, self.clock, **same
        ) as other:
            yield other

    async def die(self) -> None:
        """What its dispatcher is doing stops here; nothing of it is recorded any more."""
        assert self._dispatching is not None
        ended = [self._dispatching, *self.dispatcher._tasks]
        for one in ended:
            one.cancel()
        await asyncio.gather(*ended, return_exceptions=True)

    async def broken(self) -> dict[str, list[str]]:
        """The ids that break an invariant, by its name."""
        found = {one.name: await self.fetch(one.query) for one in PARTNER_INVARIANTS}
        return {name: [row[0] for row in rows] for name, rows in found.items() if rows}

    async def together(self, asked: Iterable[Awaitable[T]]) -> list[T]:
        """All at once, each in a task of its own."""
        return list(await asyncio.gather(*asked))

    async def everything(self) -> bytes:
        """All rows of all tables: texts as they are, bytes raw and in hex."""
        names = [
            row[0]
            for row in await self.fetch(
                "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'"
            )
        ]
        found = bytearray()
        for name in names:
            for row in await self.fetch(f"SELECT * FROM {name}"):
                for value in row.values():
                    found += value if isinstance(value, bytes) else repr(value).encode()
            for row in await self.fetch(f"SELECT t::text FROM {name} t"):
                found += row[0].encode()
        return bytes(found)

    async def fetch(self, statement: str, *values: Any) -> list[Record]:
        async with self.pool.acquire() as db:
            return await db.fetch(statement, *values)

    async def empty(self) -> None:
        await self.fetch(f"TRUNCATE {TABLES}")
        await self.fetch("UPDATE partner_log SET position = 0, oldest = 1")
        await self.fetch("UPDATE partner_fan_out SET position = 0")


def _spread() -> float:
    return 0.5


@asynccontextmanager
async def partner_world(
    dsn: str, name: str = "a", clock: MovingClock | None = None, **settings: Any
) -> AsyncIterator[PartnerWorld]:
    """An instance called ``name``; what it sends may go to loopback."""
    defaults = {
        "webhook_networks": LOOPBACK,
        "partner_secrets_key": b64encode(os.urandom(32)).decode(),
    }
    known = NotificationsSettings(
        ORDERPROOF_ENVIRONMENT="local",
        database_url=dsn,
        kafka_bootstrap="127.0.0.1:9",
        instance_name=name,
        **{**defaults, **settings},
    )
    pool = await open_pool(dsn, f"partners-{name}", 8)
    async with pool.acquire() as db:
        await migrate(db, "notifications")
    clock = clock or MovingClock()
    unit_of_work = partial(
        MessageWork, recipient_mails_per_hour_max=known.recipient_mails_per_hour_max
    )
    running = Running(known, pool, clock, Transactions(pool, clock, unit_of_work))
    outward = Outward(known.webhook_calls_max, known.webhook_networks)
    assert known.vault is not None
    dispatcher = Dispatcher(running, outward, known.vault, name, known.webhook_calls_max, _spread)
    running.transactions.on_work.append(dispatcher.wake)
    desk = Desk(running, outward, known.vault, known.partner_endpoints_max, dispatcher.wake)
    watch = LogWatch()
    app = FastAPI(redirect_slashes=False)
    problem.install(app)
    for router in (
        *event_routes(running, watch),
        *endpoint_routes(desk),
        *operator_routes(running),
        *order_delivery_routes(running),
    ):
        app.include_router(router)
    looking = asyncio.create_task(tick(Timer("watch", watch.INTERVAL_S, watch.look), running))
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://partners") as http:
        yield PartnerWorld(known, pool, clock, running, dispatcher, http)
    looking.cancel()
    await outward.close()
    await pool.close()
