"""Messages in, messages out: each handler against stock in memory."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from inventory.domain.order import FulfilmentStatus, HoldStatus, IllegalTransition, OrderHolds
from inventory.domain.stock import HeldStock, Level, Place, Stock
from inventory.handlers.cancel_fulfilment import cancel_fulfilment
from inventory.handlers.open_fulfilment_order import open_fulfilment_order
from inventory.handlers.release_stock import release_stock
from inventory.handlers.reserve_stock import reserve_stock
from inventory.work import InventoryWork
from shared.contracts.event import Event
from shared.contracts.orders import OrderPlaced
from shared.database import Db
from shared.messaging.batch import Batch
from shared.messaging.envelope import unpack
from shared.messaging.unit_of_work import Opening

from tests.integration.inventory.support import (
    cancellation_requested,
    cancelled,
    confirmed,
    expired,
    placed,
)

HERE = Place("mug", "A")
NOW = datetime.now(UTC)
NO_DATABASE = cast(Db, None)


def work_on(
    *rows: OrderHolds, on_hand: int = 0, held: int = 0, now: datetime = NOW
) -> InventoryWork:
    """A unit of work that has locked these orders; ``ord_1`` holds ``held`` mugs."""
    work = InventoryWork(Opening(NO_DATABASE, now))
    work.rows = {row.order_id: row for row in rows}
    holds = [HeldStock("ord_1", HERE, held)] if held else []
    work.stock = Stock({HERE: Level(on_hand, held)}, holds)
    return work


def row(
    status: HoldStatus = "none", fulfilment: FulfilmentStatus = "none", order_id: str = "ord_1"
) -> OrderHolds:
    ffo = None if fulfilment == "none" else "ffo_1"
    return OrderHolds(order_id, "acme", status, ffo, fulfilment, NOW if ffo else None)


def sold_by(seller_id: str, order: OrderPlaced) -> OrderPlaced:
    lines = tuple(line.model_copy(update={"seller_id": seller_id}) for line in order.lines)
    return order.model_copy(update={"lines": lines})


def told(work: InventoryWork) -> list[tuple[str, dict[str, Any]]]:
    return [
        ((dict(unpack(one.headers))["ce_type"] or b"").decode(), json.loads(one.payload or b""))
        for one in work.outgoing
    ]


def names(work: InventoryWork) -> list[str]:
    return [name.split(".")[1] for name, _ in told(work)]


def batch(event: Event) -> Batch[Any]:
    return Batch([event])


async def reserve_at(order: OrderPlaced, now: datetime) -> list[tuple[str, dict[str, Any]]]:
    work = work_on(row(), on_hand=1, now=now)
    await reserve_stock(batch(order), work)
    return told(work)


async def test_a_hold_is_taken_up_to_the_deadline_and_not_at_it() -> None:
    order = placed(("mug", 1), order_id="ord_1")

    [(in_time, _)] = await reserve_at(order, order.decide_by - timedelta(microseconds=1))
    [(too_late, data)] = await reserve_at(order, order.decide_by)

    assert in_time == "inventory.stock-reserved.v1"
    assert (too_late, data["reason"]) == ("inventory.stock-rejected.v1", "deadline-passed")


async def test_an_order_keeps_its_tenant_in_all_that_is_told() -> None:
    order = placed(("mug", 1), order_id="ord_1").model_copy(update={"tenant": "acme"})
    work = work_on(OrderHolds("ord_1"), on_hand=1)

    await reserve_stock(batch(order), work)
    await open_fulfilment_order(batch(confirmed("ord_1")), work)
    await cancel_fulfilment(batch(cancellation_requested("ord_1")), work)
    await release_stock(batch(cancelled("ord_1")), work)

    assert names(work) == [
        "stock-reserved",
        "fulfilment-order-opened",
        "fulfilment-order-cancelled",
        "stock-released",
    ]
    assert {data["tenant"] for _, data in told(work)} == {"acme"}


@pytest.mark.parametrize("status", ["held", "rejected", "released"])
async def test_an_order_that_has_its_answer_gets_no_other(status: HoldStatus) -> None:
    work = work_on(row(status), on_hand=5)

    await reserve_stock(batch(placed(("mug", 1), order_id="ord_1")), work)

    assert work.outgoing == []
    assert work.stock.movements == []


async def test_partners_are_told_where_to_take_what() -> None:
    work = work_on(row("held"), on_hand=5, held=3)

    await open_fulfilment_order(batch(confirmed("ord_1")), work)

    [(name, data)] = told(work)
    assert name == "fulfilment.fulfilment-order-opened.v1"
    assert data["fulfilment_order_id"] == work.rows["ord_1"].fulfilment_order_id
    assert data["lines"] == [{"sku": "mug", "location": "A", "quantity": 3, "seller_id": None}]
    assert data["seller_ids"] == []


async def test_partners_are_told_whose_goods_they_are() -> None:
    order = sold_by("s-1", placed(("mug", 1), order_id="ord_1"))
    work = work_on(row(), on_hand=1)

    await reserve_stock(batch(order), work)
    await open_fulfilment_order(batch(confirmed("ord_1")), work)
    await cancel_fulfilment(batch(cancellation_requested("ord_1")), work)

    reserved, opened, closed = (data for _, data in told(work))
    assert reserved["holds"] == [{"sku": "mug", "location": "A", "quantity": 1}]
    assert opened["lines"][0]["seller_id"] == "s-1"
    assert opened["seller_ids"] == closed["seller_ids"] == ["s-1"]


async def test_an_order_that_is_rejected_is_nobodys() -> None:
    work = work_on(row(), on_hand=0)

    await reserve_stock(batch(sold_by("s-1", placed(("mug", 1), order_id="ord_1"))), work)

    assert work.rows["ord_1"].sellers == "{}"


async def test_a_cancelled_fulfilment_keeps_its_hold_until_the_order_is_cancelled() -> None:
    work = work_on(row("held", "open"), on_hand=5, held=3)

    await cancel_fulfilment(batch(cancellation_requested("ord_1")), work)
    assert names(work) == ["fulfilment-order-cancelled"]
    assert work.stock.levels[HERE] == Level(5, 3)

    await release_stock(batch(cancelled("ord_1")), work)
    assert names(work) == ["fulfilment-order-cancelled", "stock-released"]
    assert work.stock.levels[HERE] == Level(5, 0)


@pytest.mark.parametrize("fulfilment", ["partially_shipped", "shipped", "delivered"])
async def test_a_cancellation_after_dispatch_is_refused_each_time_it_is_asked(
    fulfilment: FulfilmentStatus,
) -> None:
    work = work_on(row("held", fulfilment), on_hand=5, held=3)

    await cancel_fulfilment(batch(cancellation_requested("ord_1")), work)
    await cancel_fulfilment(batch(cancellation_requested("ord_1")), work)

    assert names(work) == ["cancellation-refused"] * 2
    assert work.stock.movements == []


async def test_an_impossible_event_raises_before_it_moves_anything() -> None:
    work = work_on(row("held", "shipped"), on_hand=5, held=3)

    with pytest.raises(IllegalTransition):
        await release_stock(batch(expired("ord_1")), work)

    assert (work.outgoing, work.stock.movements) == ([], [])


async def test_events_of_an_order_are_numbered_by_topic() -> None:
    work = work_on(row("held", "open"), on_hand=5, held=3)

    await release_stock(batch(cancelled("ord_1")), work)

    sequences = [dict(unpack(one.headers))["ce_sequence"] for one in work.outgoing]
    assert [one.topic for one in work.outgoing] == ["fulfilment.events.v1", "inventory.events.v1"]
    assert sequences == [b"0000000001", b"0000000001"]
