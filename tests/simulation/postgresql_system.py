"""The slow tier: the same world, with every statement of the services on a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from asyncpg import Pool
from inventory import actions
from inventory.bodies import ReceiptBody
from inventory.domain.stock import Stock
from inventory.work import InventoryWork
from notifications.domain.letter import Message
from notifications.send_mail import MailSender
from notifications.settings import NotificationsSettings
from notifications.unit_of_work import MessageWork
from orders import store as orders_store
from orders.domain.steps import DeadlinePassed
from payments import refunds
from payments import store as payments_store
from payments.calls import sweep as sweeping
from payments.calls.desk import Desk
from payments.calls.perform import perform
from payments.domain.attempts import AttemptKey, heard_of
from payments.unit_of_work import PaymentsWork
from shared.database.migrate import migrate
from shared.database.pool import connect, open_pool
from shared.http.problem import Problem
from shared.messaging import redrive as redriving
from shared.messaging import relay
from shared.messaging.outbox import SHARDS
from shared.messaging.pipeline import Pipeline
from shared.messaging.unit_of_work import Transactions
from shared.work import rows
from shared.work.rows import LeasedRow

from tests.simulation.memory import Used
from tests.simulation.memory_system import SHIPPABLE, parcel_body
from tests.simulation.memory_work import NotedOrders
from tests.simulation.postgresql_picture import Pools, next_due, picture
from tests.simulation.provider import SimulatedProvider, ask
from tests.simulation.seams import SimulatedClock
from tests.simulation.system import LEASE_S, LIMITS, SERVICE_OF, SERVICES, Broken, Picture, groups
from tests.simulation.world import Profile
from tests.support.wiring import EXAMPLE_SETTINGS

UNITS_OF_WORK: Mapping[str, Any] = {
    "orders": NotedOrders,
    "payments": PaymentsWork,
    "inventory": InventoryWork,
    "notifications": MessageWork,
}
CONNECTIONS_MAX, ROWS_MAX = 4, 1_000_000
_PARKED = "SELECT DISTINCT consumer, topic, key FROM parked_events"
_FIRST_PARKED = """
SELECT * FROM parked_events WHERE consumer = $1 AND topic = $2 AND key = $3 ORDER BY id LIMIT 1
"""
_TO_SHIP = "SELECT order_id FROM order_holds WHERE fulfilment_status = ANY($1::text[])"
_REFUNDABLE = """
SELECT order_id, captured_minor - refunded_minor - refund_queued_minor FROM payments
WHERE captured_minor > refunded_minor + refund_queued_minor
"""


class NotedTransactions(Transactions[Any]):
    """Keeps which rows of the orders' table were used by transactions that are committed."""

    def __init__(self, pool: "Pool[Any]", clock: SimulatedClock, unit_of_work: type[Any]) -> None:
        super().__init__(pool, clock, unit_of_work)
        self.used: list[Used] = []

    @asynccontextmanager
    async def begin(self, traceparent: str = "") -> AsyncIterator[Any]:
        async with super().begin(traceparent) as work:
            yield work
        self.used.extend(getattr(work, "used", ()))


@dataclass(frozen=True)
class SimulatedMailer:
    """Hands a mail to the world, which says when the server has it."""

    clock: SimulatedClock

    async def send(self, message: Message) -> None:
        await ask("mail", message.message_id, self.clock.time)


@dataclass
class PostgresqlSystem:
    """Implements ``System``."""

    clock: SimulatedClock
    provider: SimulatedProvider
    pools: Pools
    deadline_s: float
    broken: Broken = field(default_factory=set)

    def __post_init__(self) -> None:
        self.transactions = {
            one: NotedTransactions(self.pools[one], self.clock, UNITS_OF_WORK[one])
            for one in SERVICES
        }
        self.groups = groups(self.broken, self.deadline_s)
        self._pipelines = {
            name: Pipeline(SERVICE_OF[name], group, self.transactions[SERVICE_OF[name]], ROWS_MAX)
            for name, group in self.groups.items()
        }
        self.desk = Desk(self.transactions["payments"], LIMITS, LEASE_S)
        settings = NotificationsSettings(**EXAMPLE_SETTINGS, recipient_mails_per_hour_max=ROWS_MAX)
        mailer: Any = SimulatedMailer(self.clock)
        self.sender = MailSender(self.transactions["notifications"], mailer, settings)

    @property
    def used(self) -> list[Used]:
        return self.transactions["orders"].used

    def pipeline(self, group: str) -> Pipeline:
        return self._pipelines[group]

    async def quiet(self) -> None:
        """What a process had begun when it died is rolled back."""
        if self.desk._task is not None:
            await asyncio.wait([self.desk._task])

    async def unsent(self, service: str) -> Sequence[Any]:
        return await self.pools[service].fetch(
            relay._FETCH, list(range(SHARDS)), relay.ROWS_MAX, relay.BYTES_MAX
        )

    async def sent(self, service: str, ids: Sequence[int]) -> None:
        await self.pools[service].execute(relay._DELETE, list(ids))

    async def lease(self, service: str, limit: int) -> list[LeasedRow]:
        async with self.pools[service].acquire() as db:
            return await rows.lease(db, service, limit, self.clock.time, LEASE_S)

    async def perform(self, service: str, row: LeasedRow) -> None:
        if service == "payments":
            await perform(row, desk=self.desk, provider=self.provider)
        else:
            await self.sender.perform(row)

    async def due_sweeps(self) -> list[Any]:
        async with self.pools["payments"].acquire() as db:
            due = await payments_store.claim_sweeps(
                db, self.clock.time, LEASE_S, sweeping.SWEEPS_MAX
            )
        return sorted(due)

    async def sweep(self, due: Any) -> None:
        await sweeping._ask(self.desk, self.provider, due)

    async def past_deadline(self) -> list[str]:
        async with self.pools["orders"].acquire() as db:
            return sorted(await orders_store.past_deadline(db, self.clock.time, 200))

    async def expire(self, order_ids: Sequence[str]) -> None:
        async with self.transactions["orders"].begin() as work:
            await work.lock_orders(order_ids)
            for order_id in order_ids:
                work.advance(order_id, DeadlinePassed(), "deadline")

    async def to_ship(self) -> list[str]:
        return [one[0] for one in await self.pools["inventory"].fetch(_TO_SHIP, SHIPPABLE)]

    async def dispatch(self, order_id: str, everything: bool) -> str | None:
        async with self.transactions["inventory"].begin() as work:
            await work.lock_orders([order_id])
            order, holds = work.rows[order_id], await work.read_holds()
        if order.fulfilment_status not in SHIPPABLE:
            return None
        held = Stock({}, holds).held(order_id)
        body = parcel_body(held, everything)
        try:
            async with self.transactions["inventory"].begin() as work:
                made = await actions.dispatch_shipment(work, order.fulfilment_order_id, body)
        except Problem:
            return None
        return made.shipment_id

    async def deliver(self, shipment_id: str) -> None:
        async with self.transactions["inventory"].begin() as work:
            await actions.deliver_shipment(work, shipment_id)

    async def refundable(self) -> list[tuple[str, int]]:
        found = await self.pools["payments"].fetch(_REFUNDABLE)
        return [(one[0], one[1]) for one in found]

    async def refund(self, order_id: str, minor: int) -> None:
        async with self.pools["payments"].acquire() as db:
            payment = await payments_store.payment_of(db, order_id)
        assert payment is not None
        body = refunds.RefundBody(amount_minor=minor, reason="returned")
        async with self.transactions["payments"].begin() as work:
            await refunds.queue_refund(work, payment.payment_id, body)

    async def hear(self, order_id: str) -> None:
        async with self.transactions["payments"].begin() as work:
            await work.lock_orders([order_id])
            key = AttemptKey(order_id, "charge", 1)
            await work.load_attempts([key])
            if key in work.attempts:
                work.keep(work.rows[order_id], heard_of(work.attempts[key], work.now))

    async def parked(self, service: str) -> list[tuple[str, str, bytes]]:
        found = await self.pools[service].fetch(_PARKED)
        return [(one["consumer"], one["topic"], bytes(one["key"])) for one in found]

    async def redrive(self, place: tuple[str, str, bytes], drop: bool) -> bool:
        service = SERVICE_OF[place[0]]
        first = await self.pools[service].fetchrow(_FIRST_PARKED, *place)
        assert first is not None
        where = (self.transactions[service], self.groups, first, "people")
        if drop:
            result = await redriving.discard(*where, "a stray record")
        else:
            result = await redriving.redrive(*where)
        return result.left == 0

    async def next_due(self) -> datetime | None:
        return await next_due(self.pools)

    async def picture(self) -> Picture:
        return await picture(self.pools)


@asynccontextmanager
async def emptied(dsns: Mapping[str, str]) -> AsyncIterator[Pools]:
    """Pools on databases that are built anew: the ledger cannot be emptied."""
    async with AsyncExitStack() as stack:
        pools: Pools = {}
        for service, dsn in dsns.items():
            db = await connect(dsn, "simulation")
            await db.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
            await migrate(db, service)
            await db.close()
            pools[service] = await open_pool(dsn, "simulation", CONNECTIONS_MAX)
            stack.push_async_callback(pools[service].close)
        yield pools


async def on_postgresql(
    pools: Pools, clock: SimulatedClock, provider: SimulatedProvider, chosen: Profile
) -> PostgresqlSystem:
    """The services on ``pools``, with the seed's stock on the shelves."""
    system = PostgresqlSystem(clock, provider, pools, chosen.deadline_s)
    receipts = [
        ReceiptBody(sku=place.sku, location=place.location, quantity=n)
        for place, n in chosen.stock.items()
    ]
    async with system.transactions["inventory"].begin() as work:
        await actions.receive_stock(work, receipts)
    return system
