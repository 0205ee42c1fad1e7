"""What may follow what, for an order's hold and its fulfilment order."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from inventory.domain.fulfilment import plan_dispatch
from inventory.domain.order import (
    AlreadyDispatched,
    Changed,
    FulfilmentStatus,
    HoldStatus,
    Illegal,
    IllegalTransition,
    OrderHolds,
    Repeated,
    cancel_fulfilment,
    delivered,
    dispatched,
    end,
    open_fulfilment,
    start_processing,
)
from inventory.domain.reservation import Reserved, Shortage
from shared.contracts.inventory import Hold, ShipmentLine

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
FULFILMENT: tuple[FulfilmentStatus, ...] = get_args(FulfilmentStatus)
DISPATCHED: tuple[FulfilmentStatus, ...] = ("partially_shipped", "shipped", "delivered")


def order(status: HoldStatus = "held", fulfilment: FulfilmentStatus = "none") -> OrderHolds:
    return OrderHolds("ord_1", status=status, fulfilment_status=fulfilment)


@pytest.mark.parametrize("status", ["none", "held"])
def test_an_order_that_ends_is_released(status: HoldStatus) -> None:
    assert end(order(status)) == Changed(order("released"))


@pytest.mark.parametrize("status", ["released", "rejected"])
def test_nothing_follows_for_an_order_that_holds_nothing(status: HoldStatus) -> None:
    assert end(order(status)) == Repeated()


@pytest.mark.parametrize("before", ["open", "cancelled"])
def test_an_order_that_ends_leaves_no_open_fulfilment(before: FulfilmentStatus) -> None:
    assert end(order("held", before)) == Changed(order("released", "cancelled"))


@pytest.mark.parametrize("fulfilment", DISPATCHED)
def test_an_order_whose_goods_have_left_cannot_end(fulfilment: FulfilmentStatus) -> None:
    with pytest.raises(IllegalTransition):
        end(order("held", fulfilment))


def test_a_held_order_opens_its_fulfilment_order() -> None:
    result = open_fulfilment(order("held"), "ffo_1", NOW)

    assert result == Changed(OrderHolds("ord_1", "default", "held", "ffo_1", "open", NOW))


@pytest.mark.parametrize("fulfilment", [one for one in FULFILMENT if one != "none"])
def test_a_fulfilment_order_is_opened_once(fulfilment: FulfilmentStatus) -> None:
    assert open_fulfilment(order("held", fulfilment), "ffo_2", NOW) == Repeated()


@pytest.mark.parametrize("status", ["none", "rejected", "released"])
def test_what_is_not_held_cannot_be_fulfilled(status: HoldStatus) -> None:
    with pytest.raises(IllegalTransition):
        open_fulfilment(order(status), "ffo_1", NOW)


def test_a_fulfilment_order_is_cancelled_and_its_hold_stays() -> None:
    assert cancel_fulfilment(order("held", "open")) == Changed(order("held", "cancelled"))


@pytest.mark.parametrize("fulfilment", DISPATCHED)
def test_what_was_dispatched_is_not_cancelled(fulfilment: FulfilmentStatus) -> None:
    assert cancel_fulfilment(order("held", fulfilment)) == AlreadyDispatched()


def test_a_cancellation_asked_for_twice_is_answered_once() -> None:
    assert cancel_fulfilment(order("held", "cancelled")) == Repeated()


def test_there_is_nothing_to_cancel_before_confirmation() -> None:
    with pytest.raises(IllegalTransition):
        cancel_fulfilment(order("held", "none"))


def test_an_order_is_shipped_when_nothing_is_left() -> None:
    assert dispatched(order("held", "open"), complete=False).fulfilment_status == (
        "partially_shipped"
    )
    assert dispatched(order("held", "open"), complete=True).fulfilment_status == "shipped"


@pytest.mark.parametrize(
    ("before", "undelivered", "after"),
    [
        ("shipped", 0, "delivered"),
        ("shipped", 1, "shipped"),
        ("partially_shipped", 0, "partially_shipped"),
    ],
)
def test_an_order_is_delivered_when_every_unit_is(
    before: FulfilmentStatus, undelivered: int, after: FulfilmentStatus
) -> None:
    assert delivered(order("held", before), undelivered).fulfilment_status == after


def test_processing_starts_once_and_leaves_the_fulfilment_order_open() -> None:
    started = start_processing(order("held", "open"), NOW)

    assert started == Changed(replace(order("held", "open"), processing_started_at=NOW))
    assert started.order.progress == "processing"
    assert start_processing(started.order, LATER) == Repeated()


@pytest.mark.parametrize("fulfilment", [one for one in FULFILMENT if one != "open"])
@pytest.mark.parametrize("started_at", [None, NOW])
def test_processing_does_not_start_once_goods_left_or_it_is_cancelled(
    fulfilment: FulfilmentStatus, started_at: datetime | None
) -> None:
    before = replace(order("held", fulfilment), processing_started_at=started_at)

    assert start_processing(before, LATER) == Illegal(fulfilment)
    assert before.progress == fulfilment


def test_what_is_processed_may_be_cancelled_and_sent() -> None:
    processed = replace(order("held", "open"), processing_started_at=NOW)

    cancelled = cancel_fulfilment(processed)
    assert isinstance(cancelled, Changed)
    assert cancelled.order.progress == "cancelled"
    assert dispatched(processed, complete=True).progress == "shipped"


def test_a_parcel_may_hold_all_that_is_held_and_no_more() -> None:
    held = [
        Hold(sku="a", location="X", quantity=1),
        Hold(sku="a", location="Y", quantity=2),
        Hold(sku="b", location="X", quantity=1),
    ]

    def parcel(quantity: int) -> list[ShipmentLine]:
        return [ShipmentLine(sku="a", quantity=quantity)]

    assert plan_dispatch(parcel(3), held) == Reserved(tuple(held[:2]))
    assert isinstance(plan_dispatch(parcel(4), held), Shortage)
