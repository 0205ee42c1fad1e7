"""The fast tier: the four services' rules, handlers and plumbing over rows in memory."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from inventory import actions
from inventory.bodies import ShipmentBody
from inventory.domain.fulfilment import plan_dispatch
from inventory.domain.order import delivered
from inventory.domain.reservation import Reserved
from inventory.domain.stock import Level, Place
from orders.domain.order import Status
from orders.domain.steps import DeadlinePassed
from payments.calls import sweep as sweeping
from payments.calls.perform import perform
from payments.domain.attempts import AttemptKey, heard_of
from payments.store import Sweep
from shared.contracts.inventory import Hold, ShipmentDelivered, ShipmentLine
from shared.messaging.parking import WAITING
from shared.messaging.pipeline import Pipeline
from shared.work.rows import LeasedRow
from shared.work.slots import Slots

from tests.simulation.memory import Handled, Held, HeldTransactions, Used, WorkRow
from tests.simulation.memory_messaging import (
    HeldDesk,
    HeldPipeline,
    KnownAs,
    change,
    owns,
    redrive_in_memory,
)
from tests.simulation.memory_work import UNITS_OF_WORK, Parcel
from tests.simulation.provider import SimulatedProvider, ask
from tests.simulation.seams import SimulatedClock
from tests.simulation.system import LEASE_S, LIMITS, SERVICE_OF, SERVICES, Broken, Picture, groups


class MemorySystem:
    """Implements ``System``; a step is never interrupted by another."""

    def __init__(
        self,
        clock: SimulatedClock,
        provider: SimulatedProvider,
        stock: dict[Place, int],
        deadline_s: float,
    ) -> None:
        self.clock, self.provider = clock, provider
        self.broken: Broken = set()
        self.held = {one: Held() for one in SERVICES}
        self.held["inventory"].kept = {
            "levels": {place: Level(n, 0) for place, n in stock.items()},
            "holds": {},
            "oversold": [],
            "parcels": {},
        }
        self.transactions = {
            one: HeldTransactions(self.held[one], clock, UNITS_OF_WORK[one]) for one in SERVICES
        }
        self.groups = groups(self.broken, deadline_s)
        parsed: KnownAs = {}
        self._pipelines: dict[str, Pipeline] = {
            name: HeldPipeline(SERVICE_OF[name], group, self.transactions[SERVICE_OF[name]], parsed)
            for name, group in self.groups.items()
        }
        self.slots = Slots(calls_max=1_000)
        self.desk = HeldDesk(self.transactions["payments"], LIMITS, LEASE_S)

    @property
    def used(self) -> list[Used]:
        return self.held["orders"].used

    @property
    def handled(self) -> list[Handled]:
        return [one for held in self.held.values() for one in held.handled]

    def pipeline(self, group: str) -> Pipeline:
        return self._pipelines[group]

    def begin(self, service: str) -> AbstractAsyncContextManager[Any]:
        transaction: AbstractAsyncContextManager[Any] = self.transactions[service].begin()
        return transaction

    async def quiet(self) -> None:
        """Nothing goes on that was begun when a process died."""

    async def unsent(self, service: str) -> Sequence[Any]:
        return list(self.held[service].outbox.values())

    async def sent(self, service: str, ids: Sequence[int]) -> None:
        for one in ids:
            self.held[service].outbox.pop(one, None)

    async def lease(self, service: str, limit: int) -> list[LeasedRow]:
        held = self.held[service]
        return [self._lease(held, row) for row in held.due(self.clock.time)[:limit]]

    def _lease(self, held: Held, row: WorkRow) -> LeasedRow:
        held.tokens += 1
        row.token, row.attempts = held.tokens, row.attempts + 1
        row.lease_until = self.clock.time + timedelta(seconds=LEASE_S)
        new = row.new
        return LeasedRow(
            id=row.id,
            order_id=new.order_id,
            kind=new.kind,
            payload=new.payload,
            attempts=row.attempts,
            call_started_at=None,
            lease_token=UUID(int=row.token),
            traceparent="",
        )

    async def perform(self, service: str, row: LeasedRow) -> None:
        if service == "payments":
            await perform(row, desk=self.desk, provider=self.provider, slots=self.slots)
        else:
            await self._mail(row)

    async def _mail(self, row: LeasedRow) -> None:
        """One mail as its sender makes it: the outcome counts only while the lease is held."""
        held = self.held["notifications"]
        await ask("mail", row.payload["message_id"], self.clock.time)
        if owns(held, row):
            change(held.work[row.id], {"done": True, "token": 0, "lease_until": None})

    async def due_sweeps(self) -> list[Any]:
        attempts = self.held["payments"].kept.setdefault("attempts", {})
        now = self.clock.time
        due = [one for one in attempts.values() if one.next_sweep_at and one.next_sweep_at <= now]
        return sorted(self._claim(attempts, one.key) for one in due)

    def _claim(self, attempts: dict[AttemptKey, Any], key: AttemptKey) -> Sweep:
        until = self.clock.time + timedelta(seconds=LEASE_S)
        attempts[key] = replace(attempts[key], next_sweep_at=until)
        return Sweep(key, attempts[key].provider_key, until, "")

    async def sweep(self, due: Any) -> None:
        await sweeping._ask(self.desk, self.provider, due)

    async def past_deadline(self) -> list[str]:
        return sorted(
            row.order_id
            for row in self.held["orders"].rows.values()
            if row.status == Status.PENDING and row.deadline_at <= self.clock.time
        )

    async def expire(self, order_ids: Sequence[str]) -> None:
        async with self.begin("orders") as work:
            await work.lock_orders(order_ids)
            for order_id in order_ids:
                work.advance(order_id, DeadlinePassed(), "deadline")

    async def to_ship(self) -> list[str]:
        rows = self.held["inventory"].rows.values()
        return [one.order_id for one in rows if one.fulfilment_status in SHIPPABLE]

    async def dispatch(self, order_id: str, everything: bool) -> str | None:
        async with self.begin("inventory") as work:
            await work.lock_orders([order_id])
            order = work.rows[order_id]
            if order.fulfilment_status not in SHIPPABLE:
                return None
            holds = await work.read_holds()
            await work.lock_stock({one.place.sku for one in holds if one.held}, holds)
            body = parcel_body(work.stock.held(order_id), everything)
            planned = plan_dispatch(body.lines, work.stock.held(order_id))
            assert isinstance(planned, Reserved)
            lines = actions._shipment(
                work,
                order,
                body,
                tuple(ShipmentLine(**one.model_dump()) for one in body.lines),
            )
            actions._ship(work, lines, planned.holds)
            parcel = Parcel(lines.shipment_id, order_id, lines.fulfilment_order_id)
            parcels = self.held["inventory"].kept["parcels"]
            work.draft.later(lambda: parcels.update({parcel.shipment_id: parcel}))
        return parcel.shipment_id

    async def deliver(self, shipment_id: str) -> None:
        parcels: dict[str, Parcel] = self.held["inventory"].kept["parcels"]
        if shipment_id not in parcels:
            return
        parcel = parcels[shipment_id]
        async with self.begin("inventory") as work:
            await work.lock_orders([parcel.order_id])
            others = [
                one
                for one in parcels.values()
                if one.order_id == parcel.order_id and one is not parcel
            ]
            order = delivered(work.rows[parcel.order_id], len(others))
            work.rows[order.order_id] = order
            work.publish(
                ShipmentDelivered(
                    order_id=order.order_id,
                    tenant=order.tenant,
                    fulfilment_order_id=parcel.fulfilment_order_id,
                    shipment_id=shipment_id,
                    complete=order.fulfilment_status == "delivered",
                )
            )
            work.draft.later(lambda: parcels.pop(shipment_id))

    async def refundable(self) -> list[tuple[str, int]]:
        rows = self.held["payments"].rows.values()
        return [(one.order_id, one.refundable_minor) for one in rows if one.refundable_minor > 0]

    async def refund(self, order_id: str, minor: int) -> None:
        async with self.begin("payments") as work:
            await work.lock_orders([order_id])
            work.ask_refund(work.rows[order_id], minor, "returned")

    async def hear(self, order_id: str) -> None:
        """The provider tells by itself that something came of an order's charge."""
        async with self.begin("payments") as work:
            await work.lock_orders([order_id])
            key = AttemptKey(order_id, "charge", 1)
            await work.load_attempts([key])
            if key in work.attempts:
                work.keep(work.rows[order_id], heard_of(work.attempts[key], work.now))

    async def parked(self, service: str) -> list[tuple[str, str, bytes]]:
        return [(consumer, *place) for consumer, place in self.held[service].parked]

    async def waiting(self, group: str) -> set[bytes]:
        parked = self.held[SERVICE_OF[group]].parked
        return {
            place[1]
            for (consumer, place), events in parked.items()
            if consumer == group and any(one.reason == WAITING for one in events)
        }

    async def redrive(self, place: tuple[str, str, bytes], drop: bool) -> bool:
        consumer, topic, key = place
        transactions = self.transactions[SERVICE_OF[consumer]]
        where = (consumer, (topic, key))
        return await redrive_in_memory(transactions, self.groups[consumer], where, drop=drop)

    async def next_due(self) -> datetime | None:
        work = [row for held in self.held.values() for row in held.first_open()]
        moments = [max(row.not_before, row.lease_until or row.not_before) for row in work]
        attempts = self.held["payments"].kept.get("attempts", {}).values()
        moments += [one.next_sweep_at for one in attempts if one.next_sweep_at]
        orders = self.held["orders"].rows.values()
        moments += [one.deadline_at for one in orders if one.status == Status.PENDING]
        return min(moments, default=None)

    async def picture(self) -> Picture:
        orders, payments, inventory, notifications = (self.held[one] for one in SERVICES)
        return Picture(
            orders=orders.rows,
            payments=payments.rows,
            attempts=list(payments.kept.get("attempts", {}).values()),
            ledger=payments.kept.get("ledger", []),
            holds=inventory.rows,
            stock=inventory.kept["levels"],
            held=list(inventory.kept["holds"].values()),
            references={name: one for name, (one, _) in orders.kept["references"].items()},
            messages=[(*place, one) for place, one in notifications.kept.get("told", {}).items()],
            parked=sum(len(one.parked) for one in self.held.values()),
            work_open=sum(not row.done for one in self.held.values() for row in one.work.values()),
            unsent=sum(len(one.outbox) for one in self.held.values()),
            oversold=inventory.kept["oversold"],
        )


SHIPPABLE = ("open", "partially_shipped")


def parcel_body(held: Sequence[Hold], everything: bool) -> ShipmentBody:
    """All that an order holds, or one unit of it."""
    units: dict[str, int] = {}
    for one in held:
        units[one.sku] = units.get(one.sku, 0) + one.quantity
    if not everything:
        units = {next(iter(units)): 1}
    lines = [{"sku": sku, "quantity": n} for sku, n in units.items()]
    return ShipmentBody.model_validate(
        {"lines": lines, "carrier": "Royal Post", "tracking_number": "RP1"}
    )
