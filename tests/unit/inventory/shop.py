"""An order's rows in memory, and the ways to change them that the API has."""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from inventory import actions, fulfilment, partners, store
from inventory.bodies import (
    CancellationAnswerBody,
    RejectionBody,
    ShipmentBody,
    ShipmentEventBody,
)
from inventory.domain.carriage import Checkpoint
from inventory.domain.fulfilment import Shipment
from inventory.domain.order import OrderHolds
from inventory.domain.stock import HeldStock, Level, Place
from inventory.handlers.cancel_fulfilment import cancel_fulfilment
from inventory.work import InventoryWork
from shared.contracts.inventory import ShipmentLine
from shared.database import Db
from shared.http.problem import Problem
from shared.messaging.batch import Batch
from shared.messaging.envelope import unpack
from shared.messaging.unit_of_work import Opening

from tests.integration.inventory.support import cancellation_requested

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
EARLIER = NOW - timedelta(hours=1)
SELLERS = '{"mug": "s-1", "plate": "s-2"}'
LINES = (ShipmentLine(sku="mug", quantity=3),)
PARCEL = Shipment("shp_1", "ord_1", "ffo_1", "DHL", "T1", LINES, EARLIER)


@dataclass
class Rows:
    """The tables as far as these actions read and write them; stands in for ``store``."""

    order: OrderHolds
    parcels: dict[str, Shipment] = field(default_factory=lambda: {"shp_1": PARCEL})

    async def order_of(self, _: Db, fulfilment_order_id: str) -> str | None:
        return self.order.order_id if fulfilment_order_id == "ffo_1" else None

    async def read_holds(self, _: Db, order_ids: list[str]) -> list[HeldStock]:
        return [HeldStock(one, Place("mug", "A"), 3) for one in order_ids]

    async def lock_stock(self, _: Db, skus: list[str]) -> dict[Place, Level]:
        return {Place(sku, "A"): Level(3, 3) for sku in skus}

    async def add_shipment(self, _: Db, shipment: Shipment) -> None:
        self.parcels[shipment.shipment_id] = shipment

    async def read_shipment(self, _: Db, shipment_id: str) -> Shipment | None:
        return self.parcels.get(shipment_id)

    async def read_shipments(self, _: Db, order_ids: list[str]) -> list[Shipment]:
        return list(self.parcels.values())

    async def add_checkpoint(self, _: Db, shipment_id: str, told: Checkpoint) -> None:
        parcel = self.parcels[shipment_id]
        self.parcels[shipment_id] = replace(parcel, checkpoints=(*parcel.checkpoints, told))

    async def deliver_shipment(self, _: Db, shipment_id: str, at: datetime) -> None:
        self.parcels[shipment_id] = replace(self.parcels[shipment_id], delivered_at=at)

    async def count_undelivered(self, _: Db, order_id: str) -> int:
        return sum(one.delivered_at is None for one in self.parcels.values())

    async def lock(
        self, _: Db, order_ids: list[str]
    ) -> tuple[dict[str, OrderHolds], dict[Any, int]]:
        assert order_ids == ["ord_1"]
        return {"ord_1": self.order}, {}


FAKED = [name for name in vars(Rows) if name[0] != "_" and hasattr(store, name)]


@dataclass
class Shop:
    """Calls an action in a unit of work of its own, and keeps what it told."""

    rows: Rows
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    async def carrier_tells(self, shipment_id: str = "shp_1", /, **body: Any) -> Any:
        read = ShipmentEventBody.model_validate(body)
        return await self.act(lambda work: fulfilment.record_news(work, shipment_id, read))

    async def begin_processing(self, fulfilment_order_id: str = "ffo_1") -> Any:
        return await self.act(lambda work: fulfilment.begin_processing(work, fulfilment_order_id))

    async def request(self) -> Any:
        return await self.act(lambda work: partners.request(work, "ffo_1"))

    async def accept(self) -> Any:
        return await self.act(lambda work: partners.accept(work, "ffo_1"))

    async def reject(self, reason: str = "No room.") -> Any:
        body = RejectionBody(reason=reason)
        return await self.act(lambda work: partners.reject(work, "ffo_1", body))

    async def answer(self, **body: Any) -> Any:
        read = CancellationAnswerBody.model_validate(body)
        return await self.act(lambda work: partners.answer_cancellation(work, "ffo_1", read))

    async def dispatch(self, units: int) -> Any:
        body = ShipmentBody.model_validate(
            {
                "lines": [{"sku": "mug", "quantity": units}],
                "carrier": "DHL",
                "tracking_number": "T1",
            }
        )
        return await self.act(lambda work: actions.dispatch_shipment(work, "ffo_1", body))

    async def customer_cancels(self) -> None:
        work = self._begin()
        await work.lock_orders(["ord_1"])
        await cancel_fulfilment(Batch([cancellation_requested("ord_1")]), work)
        self._commit(work)

    async def act(self, action: Any) -> Any:
        work = self._begin()
        answer = await action(work)
        self._commit(work)
        return json.loads(answer.json_bytes())

    def _begin(self) -> InventoryWork:
        return InventoryWork(Opening(cast(Db, None), NOW))

    def _commit(self, work: InventoryWork) -> None:
        self.rows.order = work.rows["ord_1"]
        for one in work.outgoing:
            name = (dict(unpack(one.headers))["ce_type"] or b"").decode().split(".")[1]
            self.told.append((name, json.loads(one.payload or b"")))

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.told]


OPEN = OrderHolds("ord_1", "acme", "held", "ffo_1", "open", EARLIER, sellers=SELLERS)


def shop_with(order: OrderHolds, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop of that order; its only parcel is under way, if anything was sent."""
    rows = Rows(order) if order.dispatched else Rows(order, {})
    for name in FAKED:
        monkeypatch.setattr(store, name, getattr(rows, name))
    monkeypatch.setattr(type(store.ORDER_HOLDS), "lock", lambda _, db, ids, new: rows.lock(db, ids))
    return Shop(rows)


def refusal(problem: Problem) -> tuple[int, str, Any]:
    return problem.status, problem.name, problem.more.get("current_status")
