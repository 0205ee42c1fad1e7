"""What packers and carriers may tell of an order's goods, against rows in memory."""

from dataclasses import replace

import pytest
from shared.http.problem import Problem

from tests.unit.inventory.shop import OPEN, PARCEL, Shop, refusal, shop_with


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    return shop_with(replace(OPEN, fulfilment_status="shipped"), monkeypatch)


@pytest.fixture
def open_shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    return shop_with(OPEN, monkeypatch)


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
