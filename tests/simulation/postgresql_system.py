"""The slow tier: the four services' own statements on PostgreSQL, all else as in memory."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Any

from inventory import actions, fulfilment
from inventory.bodies import ShipmentEventBody
from inventory.domain.stock import Stock
from inventory.store import read_holds
from inventory.work import InventoryWork
from notifications.send_mail import MailSender
from notifications.settings import NotificationsSettings
from notifications.unit_of_work import MessageWork
from orders import store as orders_store
from orders.domain.steps import DeadlinePassed
from payments import store as payments_store
from payments.calls import sweep as sweeping
from payments.calls.desk import Desk
from payments.calls.perform import perform
from payments.domain.attempts import Attempt
from payments.hearing import Sender, Taken, take_in
from payments.refunds import RefundBody, queue_refund
from payments.unit_of_work import PaymentsWork
from payments.webhooks import Signed
from pydantic_core import to_json
from shared.group_commit import GroupCommit
from shared.messaging import relay
from shared.messaging.outbox import SHARDS
from shared.messaging.parking import WAITING
from shared.messaging.pipeline import Pipeline
from shared.messaging.redrive import discard, redrive
from shared.messaging.unit_of_work import NewUnitOfWork, Transactions
from shared.pace import Pace
from shared.work import rows
from shared.work.rows import LeasedRow
from shared.work.slots import Slots

from tests.simulation.memory import Handled, Used
from tests.simulation.memory_system import SHIPPABLE, parcel_body
from tests.simulation.memory_work import NotedOrders
from tests.simulation.postgresql_picture import Pools, next_due, payments_of, picture
from tests.simulation.provider import SimulatedProvider, ask
from tests.simulation.seams import SimulatedClock, taken_back_unless_committed
from tests.simulation.system import LEASE_S, LIMITS, SERVICE_OF, SERVICES, Broken, Picture, groups

NO_LIMIT = 1_000_000
UNITS_OF_WORK: Mapping[str, NewUnitOfWork[Any]] = {
    "orders": NotedOrders,
    "payments": partial(PaymentsWork, limits=LIMITS),
    "inventory": InventoryWork,
    "notifications": partial(MessageWork, recipient_mails_per_hour_max=NO_LIMIT),
}
SENDER = Sender("simulated", (), LIMITS.settle_after)
EVERYTHING = 1_000
ARRIVED = ShipmentEventBody(status="delivered")
SETTINGS = NotificationsSettings(
    ORDERPROOF_ENVIRONMENT="local",
    database_url="postgresql://nobody@127.0.0.1:9/none",
    kafka_bootstrap="127.0.0.1:9",
    instance_name="simulated",
    lease_s=LEASE_S,
    recipient_mails_per_hour_max=NO_LIMIT,
)


class NotedTransactions(Transactions[Any]):
    """Remembers what was committed: rows of the orders' table that were used, events handled."""

    used: list[Used]
    handled: list[Handled]

    @asynccontextmanager
    async def begin(self, traceparent: str = "", wait_s: float | None = None) -> AsyncIterator[Any]:
        with taken_back_unless_committed():
            async with super().begin(traceparent, wait_s) as work:
                yield work
        self.used += getattr(work, "used", ())
        self.handled += getattr(work, "handled", ())


class PostgresqlSystem:
    """Implements ``System``. Nothing else acts on the databases while a step goes on."""

    def __init__(
        self, pools: Pools, clock: SimulatedClock, provider: SimulatedProvider, deadline_s: float
    ) -> None:
        self.pools, self.clock, self.provider = pools, clock, provider
        self.broken: Broken = set()
        self.events_heard = 0
        self.used: list[Used] = []
        self.handled: list[Handled] = []
        self.transactions = {one: self._transactions(one) for one in SERVICES}
        self.groups = groups(self.broken, deadline_s)
        self._pipelines = {
            name: Pipeline(SERVICE_OF[name], group, self.transactions[SERVICE_OF[name]], NO_LIMIT)
            for name, group in self.groups.items()
        }
        self.slots = Slots(calls_max=1_000)
        self.desk = Desk(self.transactions["payments"], LIMITS, LEASE_S)
        mailer: Any = self
        self.sender = MailSender(self.transactions["notifications"], mailer, SETTINGS)
        self._commits: list[GroupCommit[Any, Any]] = [
            self.desk._requests,
            self.sender._starts,
            self.sender._ends,
        ]
        for one in self._commits:
            one.pace = Pace(enough=0)

    def _transactions(self, service: str) -> NotedTransactions:
        made = NotedTransactions(
            self.pools[service], self.clock, UNITS_OF_WORK[service], leads_relay=lambda: True
        )
        made.used, made.handled = self.used, self.handled
        return made

    def pipeline(self, group: str) -> Pipeline:
        return self._pipelines[group]

    async def quiet(self) -> None:
        """The transaction of a process that died is undone."""
        if tasks := [one._task for one in self._commits if one._task is not None]:
            await asyncio.wait(tasks)

    # Relays and workers

    async def unsent(self, service: str) -> Sequence[Any]:
        shards = list(range(SHARDS))
        limits = (relay.ROWS_MAX, relay.BYTES_MAX)
        return await self.pools[service].fetch(relay._FETCH, shards, *limits, [])

    async def sent(self, service: str, ids: Sequence[int]) -> None:
        await self.pools[service].execute(relay._DELETE, ids)

    async def lease(self, service: str, limit: int) -> list[LeasedRow]:
        async with self.pools[service].acquire() as db:
            return await rows.lease(db, "simulated", limit, self.clock.time, LEASE_S)

    async def perform(self, service: str, row: LeasedRow) -> None:
        if service == "payments":
            await perform(row, desk=self.desk, provider=self.provider, slots=self.slots)
        else:
            await self.sender.perform(row)

    async def send(self, message: Any) -> None:
        """The mail server, as the sender of mails knows it."""
        await ask("mail", message.message_id, self.clock.time)

    async def due_sweeps(self) -> list[Any]:
        async with self.pools["payments"].acquire() as db:
            return sorted(
                await payments_store.claim_sweeps(db, self.clock.time, LEASE_S, EVERYTHING)
            )

    async def sweep(self, due: Any) -> None:
        await sweeping._ask(self.desk, self.provider, due)

    # Timers, the warehouse and people

    async def past_deadline(self) -> list[str]:
        async with self.pools["orders"].acquire() as db:
            return sorted(await orders_store.past_deadline(db, self.clock.time, EVERYTHING))

    async def expire(self, order_ids: Sequence[str]) -> None:
        async with self.transactions["orders"].begin() as work:
            await work.lock_orders(order_ids)
            for order_id in order_ids:
                work.advance(order_id, DeadlinePassed(), "deadline")

    async def to_ship(self) -> list[str]:
        statement = "SELECT order_id FROM order_holds WHERE fulfilment_status = ANY($1::text[])"
        return [one[0] for one in await self.pools["inventory"].fetch(statement, SHIPPABLE)]

    async def dispatch(self, order_id: str, everything: bool) -> str | None:
        async with self.pools["inventory"].acquire() as db:
            held = Stock({}, await read_holds(db, [order_id])).held(order_id)
            row = await db.fetchrow("SELECT * FROM order_holds WHERE order_id = $1", order_id)
        if row is None or row["fulfilment_status"] not in SHIPPABLE:
            return None
        body = parcel_body(held, everything)
        async with self.transactions["inventory"].begin() as work:
            sent = await actions.dispatch_shipment(work, row["fulfilment_order_id"], body)
        return sent.shipment_id

    async def deliver(self, shipment_id: str) -> None:
        async with self.transactions["inventory"].begin() as work:
            await fulfilment.record_news(work, shipment_id, ARRIVED)

    async def refundable(self) -> list[tuple[str, int]]:
        found = (await payments_of(self.pools)).values()
        return [(one.order_id, one.refundable_minor) for one in found if one.refundable_minor > 0]

    async def refund(self, order_id: str, minor: int) -> None:
        payment_id = (await payments_of(self.pools))[order_id].payment_id
        async with self.transactions["payments"].begin() as work:
            await queue_refund(work, payment_id, RefundBody(amount_minor=minor, reason="returned"))

    async def hear(self, order_id: str) -> None:
        """The provider's event of an order's charge, once it was asked for one."""
        async with self.pools["payments"].acquire() as db:
            attempts = await payments_store.attempts_of(db, order_id)
        for one in attempts:
            if one.key == (order_id, "charge", 1):
                async with self.transactions["payments"].begin() as work:
                    (taken,) = await take_in(work, SENDER, [self._told(one)])
                    assert isinstance(taken, Taken)

    def _told(self, charge: Attempt) -> Signed:
        self.events_heard += 1
        operation = {
            "key": charge.provider_key,
            "charge_id": charge.provider_reference or "ch_not_known",
            "order_id": charge.order_id,
        }
        body = to_json({"type": "charge.captured", "data": {"operation": operation}})
        return Signed(f"evt_{self.events_heard}", self.clock.time, body)

    async def parked(self, service: str) -> list[tuple[str, str, bytes]]:
        statement = "SELECT consumer, topic, key FROM parked_keys ORDER BY parked_at"
        return [tuple(one) for one in await self.pools[service].fetch(statement)]

    async def waiting(self, group: str) -> set[bytes]:
        statement = "SELECT key FROM parked_events WHERE consumer = $1 AND reason = $2"
        found = await self.pools[SERVICE_OF[group]].fetch(statement, group, WAITING)
        return {one["key"] for one in found}

    async def redrive(self, place: tuple[str, str, bytes], drop: bool) -> bool:
        service = SERVICE_OF[place[0]]
        first = await self.pools[service].fetchrow(
            "SELECT * FROM parked_events WHERE consumer = $1 AND topic = $2 AND key = $3 "
            "ORDER BY id LIMIT 1",
            *place,
        )
        assert first is not None
        transactions = self.transactions[service]
        if drop:
            done = await discard(transactions, self.groups, first, "people", "nonsense")
        else:
            done = await redrive(transactions, self.groups, first, "people")
        return done.left == 0

    async def next_due(self) -> datetime | None:
        return await next_due(self.pools)

    async def picture(self) -> Picture:
        return await picture(self.pools)
