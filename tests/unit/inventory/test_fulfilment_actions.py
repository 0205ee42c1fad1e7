"""What partners and carriers may do to an order's goods, against rows in memory."""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from inventory import fulfilment, store
from inventory.bodies import ShipmentEventBody
from inventory.domain.carriage import Checkpoint
from inventory.domain.fulfilment import Shipment
from inventory.domain.order import FulfilmentStatus, OrderHolds
from inventory.domain.stock import HeldStock, Place
from inventory.work import InventoryWork
from shared.contracts.inventory import ShipmentLine
from shared.database import Db
from shared.http.problem import Problem
from shared.messaging.envelope import unpack

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

    async def act(self, action: Any) -> Any:
        work = InventoryWork(cast(Db, None), NOW)
        answer = await action(work)
        self.rows.order = work.rows["ord_1"]
        for one in work.outgoing:
            name = (dict(unpack(one.headers))["ce_type"] or b"").decode().split(".")[1]
            self.told.append((name, json.loads(one.payload or b"")))
        return json.loads(answer.json_bytes())

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.told]


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    return shop_with("shipped", monkeypatch)


@pytest.fixture
def open_shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    return shop_with("open", monkeypatch)


def shop_with(status: FulfilmentStatus, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """An order whose only parcel is under way, if anything was sent."""
    rows = Rows(OrderHolds("ord_1", "acme", "held", "ffo_1", status, EARLIER, sellers=SELLERS))
    if status == "open":
        rows.parcels = {}
    for name in FAKED:
        monkeypatch.setattr(store, name, getattr(rows, name))
    monkeypatch.setattr(type(store.ORDER_HOLDS), "lock", lambda _, db, ids: rows.lock(db, ids))
    return Shop(rows)


def refusal(problem: Problem) -> tuple[int, str, Any]:
    return problem.status, problem.name, problem.more.get("current_status")


@pytest.mark.parametrize(
    ("status", "name"),
    [
        ("in_transit", "shipment-in-transit"),
        ("out_for_delivery", "shipment-out-for-delivery"),
        ("ready_for_pickup", "shipment-ready-for-pickup"),
        ("failed_attempt", "shipment-delivery-attempt-failed"),
        ("returned_to_sender", "shipment-returned-to-sender"),
    ],
)
async def test_each_status_is_told_by_its_own_event(shop: Shop, status: str, name: str) -> None:
    answer = await shop.carrier_tells(
        status=status, occurred_at="2026-11-03T12:00:00+01:00", note="Leeds"
    )

    assert shop.told == [
        (
            name,
            {
                "order_id": "ord_1",
                "tenant": "acme",
                "fulfilment_order_id": "ffo_1",
                "seller_ids": ["s-1"],
                "shipment_id": "shp_1",
                "occurred_at": "2026-11-03T11:00:00Z",
                "note": "Leeds",
            },
        )
    ]
    assert answer["status"] == status
    assert answer["events"] == [
        {
            "status": status,
            "occurred_at": "2026-11-03T11:00:00.000Z",
            "recorded_at": "2026-11-03T12:00:00.000Z",
            "note": "Leeds",
        }
    ]
    assert answer["delivered_at"] is None
    assert shop.rows.order.fulfilment_status == "shipped"


async def test_delivered_alone_is_told_as_ever(shop: Shop) -> None:
    first = await shop.carrier_tells(status="delivered")
    second = await shop.carrier_tells(status="delivered")

    assert first == second
    assert (first["status"], first["delivered_at"]) == ("delivered", "2026-11-03T12:00:00.000Z")
    [(name, data)] = shop.told
    assert (name, data["complete"]) == ("shipment-delivered", True)
    assert data["seller_ids"] == ["s-1"]
    assert set(data) >= {"order_id", "tenant", "fulfilment_order_id", "shipment_id", "complete"}
    assert shop.rows.order.fulfilment_status == "delivered"


async def test_a_parcel_arrived_when_its_carrier_says(shop: Shop) -> None:
    answer = await shop.carrier_tells(status="delivered", occurred_at="2026-11-03T10:15:00Z")

    assert answer["delivered_at"] == "2026-11-03T10:15:00.000Z"


async def test_the_same_news_is_told_once(shop: Shop) -> None:
    at = "2026-11-03T11:30:00Z"
    await shop.carrier_tells(status="in_transit", occurred_at=at)
    await shop.carrier_tells(status="in_transit", occurred_at=at, note="again")
    await shop.carrier_tells(status="in_transit")

    assert shop.names == ["shipment-in-transit"]


@pytest.mark.parametrize(
    ("final", "other"),
    [("delivered", "returned_to_sender"), ("returned_to_sender", "delivered")],
)
async def test_nothing_is_told_of_a_parcel_whose_journey_has_ended(
    shop: Shop, final: str, other: str
) -> None:
    await shop.carrier_tells(status=final)
    before, told = shop.rows, list(shop.told)

    for status in (other, "in_transit"):
        with pytest.raises(Problem) as refused:
            await shop.carrier_tells(status=status)
        assert refusal(refused.value) == (409, "illegal-transition", final)
    assert (shop.rows, shop.told) == (before, told)


async def test_an_order_with_a_parcel_that_came_back_is_not_delivered(shop: Shop) -> None:
    shop.rows.parcels["shp_2"] = replace(PARCEL, shipment_id="shp_2")

    await shop.carrier_tells(status="returned_to_sender")
    await shop.carrier_tells("shp_2", status="delivered")

    assert shop.rows.order.fulfilment_status == "shipped"
    assert shop.told[-1][1]["complete"] is False


async def test_a_parcel_nobody_sent_is_not_found(shop: Shop) -> None:
    with pytest.raises(Problem) as refused:
        await shop.carrier_tells("shp_0", status="in_transit")

    assert refusal(refused.value) == (404, "not-found", None)


async def test_processing_is_told_once(open_shop: Shop) -> None:
    first = await open_shop.begin_processing()
    second = await open_shop.begin_processing()

    assert first == second
    assert (first["status"], first["processing_started_at"]) == (
        "processing",
        "2026-11-03T12:00:00.000Z",
    )
    assert open_shop.names == ["fulfilment-order-processing-started"]
    assert open_shop.told[0][1]["seller_ids"] == ["s-1", "s-2"]
    assert open_shop.rows.order.fulfilment_status == "open"


async def test_processing_cannot_start_once_goods_have_left(shop: Shop) -> None:
    with pytest.raises(Problem) as refused:
        await shop.begin_processing()

    assert refusal(refused.value) == (409, "illegal-transition", "shipped")
    assert shop.told == []


async def test_a_fulfilment_order_nobody_opened_is_not_found(open_shop: Shop) -> None:
    with pytest.raises(Problem) as refused:
        await open_shop.begin_processing("ffo_0")

    assert refusal(refused.value) == (404, "not-found", None)
