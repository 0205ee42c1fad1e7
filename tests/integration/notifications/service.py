"""Notifications without Kafka: facts go to its handlers as the pipeline hands them over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from asyncpg import Pool, Record
from notifications.app import HANDLERS
from notifications.mailer import Mailer
from notifications.send_mail import MailSender
from notifications.settings import NotificationsSettings
from notifications.unit_of_work import MessageWork
from shared.clock import Clock
from shared.contracts.event import Event
from shared.database.migrate import migrate
from shared.database.pool import open_pool
from shared.messaging.batch import rounds
from shared.messaging.unit_of_work import Transactions
from shared.work import rows
from shared.work.rows import LeasedRow
from shared.work.slots import Slots
from shared.work.worker import Worker

from tests.support.waiting import eventually


@dataclass
class Notifications:
    """The parts of one instance; ``lease`` and ``perform`` are the worker's steps one by one."""

    settings: NotificationsSettings
    pool: "Pool[Record]"
    transactions: Transactions[MessageWork]
    mailer: Mailer
    sender: MailSender

    async def tell(self, *events: Event) -> None:
        """One batch of the pipeline."""
        async with self.transactions.begin() as work:
            await work.lock_orders(await work.claim(events))
            await work.prepare(events)
            for batches in rounds(events):
                for batch in batches:
                    await HANDLERS[type(batch[0])](batch, work)

    async def lease(
        self, owner: str = "a", limit: int = 10, lease_s: float = 20
    ) -> list[LeasedRow]:
        async with self.transactions.begin() as work:
            return await rows.lease(work.db, owner, limit, work.now, lease_s)

    async def fetch(self, statement: str, *values: Any) -> list[Record]:
        async with self.pool.acquire() as db:
            return await db.fetch(statement, *values)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Run a worker for as long as the block lasts."""
        worker = Worker(self.transactions, "a", self.sender.perform, slots=Slots(4), lease_s=20)
        self.transactions.hand = worker
        running = asyncio.create_task(worker.run())

        async def opened() -> bool:
            return worker._is_open

        await eventually(opened, "the worker runs")
        try:
            yield
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await worker.drain(5)


@asynccontextmanager
async def notifications(dsn: str, smtp_port: int) -> AsyncIterator[Notifications]:
    settings = NotificationsSettings(
        ORDERPROOF_ENVIRONMENT="local",
        database_url=dsn,
        kafka_bootstrap="127.0.0.1:9",
        instance_name="a",
        smtp_port=smtp_port,
        call_timeout_s=2,
    )
    pool = await open_pool(dsn, "notifications-test", 8)
    async with pool.acquire() as db:
        await migrate(db, "notifications")
    unit_of_work = partial(
        MessageWork, recipient_mails_per_hour_max=settings.recipient_mails_per_hour_max
    )
    transactions = Transactions(pool, Clock(), unit_of_work)
    mailer = Mailer(settings)
    sender = MailSender(transactions, mailer, settings)
    try:
        yield Notifications(settings, pool, transactions, mailer, sender)
    finally:
        mailer.close()
        await pool.close()
