"""A confirmed order: cancelled only if nothing has left, told about with every parcel."""

from typing import Any

import pytest
from orders.domain.order import Fulfilment, Order, Payment, Status
from orders.domain.steps import Step
from shared.contracts.orders import OrderPartiallyShipped

from tests.unit.orders.cases import (
    CANCEL,
    CLOSED,
    DISPATCHED_ALREADY,
    OPENED,
    after,
    an_order,
    delivered,
    dispatched,
    refusal,
    take,
    told,
)

# Cancelling what is confirmed: only inventory knows whether anything left.


def test_a_confirmed_order_asks_inventory_once() -> None:
    order = an_order(Status.CONFIRMED)
    assert told(order, CANCEL, CANCEL, CANCEL) == ["OrderCancellationRequested"]


def test_a_cancellation_that_inventory_allows_ends_the_order_and_returns_the_money() -> None:
    order = an_order(Status.CONFIRMED)
    assert told(order, CANCEL, CLOSED) == ["OrderCancellationRequested", "OrderCancelled"]
    ended = after(CANCEL, CLOSED, order=order)
    assert (ended.status, ended.fulfilment) == (Status.CANCELLED, Fulfilment.CANCELLED)
    assert ended.payment == Payment.REFUND_PENDING


@pytest.mark.parametrize("facts", [(), (dispatched(complete=True),)])
def test_a_cancellation_that_inventory_refuses_puts_the_order_back(facts: tuple[Any, ...]) -> None:
    """The dispatch may be heard of before the refusal or after it."""
    order = after(CANCEL, *facts, DISPATCHED_ALREADY, order=an_order(Status.CONFIRMED))
    assert (order.status, order.cancel_reason) == (Status.CONFIRMED, "")
    assert order.payment == Payment.CAPTURED


def test_a_cancellation_refused_after_delivery_leaves_the_order_completed() -> None:
    facts = (CANCEL, dispatched(complete=True), delivered(complete=True), DISPATCHED_ALREADY)
    order = an_order(Status.CONFIRMED)
    assert after(*facts, order=order).status == Status.COMPLETED
    assert told(order, *facts) == [
        "OrderCancellationRequested",
        "OrderShipped",
        "OrderDelivered",
        "OrderCancellationRefused",
    ]


@pytest.mark.parametrize(
    ("order", "named"),
    [
        (an_order(Status.REJECTED), "rejected"),
        (an_order(Status.EXPIRED), "expired"),
        (an_order(Status.COMPLETED), "delivered"),
        (an_order(Status.CONFIRMED, fulfilment=Fulfilment.SHIPPED), "shipped"),
        (an_order(Status.CONFIRMED, fulfilment=Fulfilment.PARTIALLY_SHIPPED), "partially_shipped"),
    ],
)
def test_a_refused_cancellation_says_where_the_order_stands(order: Order, named: str) -> None:
    assert refusal(order, CANCEL) == named


def test_cancelling_a_cancelled_order_again_changes_nothing() -> None:
    order = an_order(Status.CANCELLED)
    assert take(order, CANCEL) == Step(order)


# Goods move.


def test_every_parcel_of_an_order_is_told_and_is_a_change() -> None:
    """Three parcels: the second leaves the order as it was, and still it is news."""
    order = after(OPENED, order=an_order(Status.CONFIRMED, fulfilment=Fulfilment.NONE))
    steps: list[Step] = []
    for number, complete in ((1, False), (2, False), (3, True)):
        steps.append(take(order, dispatched(complete=complete, shipment_id=f"shp_{number}")))
        order = steps[-1].order
    assert [step.order.version for step in steps] == [3, 4, 5]
    assert [step.order.fulfilment for step in steps] == [
        Fulfilment.PARTIALLY_SHIPPED,
        Fulfilment.PARTIALLY_SHIPPED,
        Fulfilment.SHIPPED,
    ]
    second = steps[1].events[0]
    assert isinstance(second, OrderPartiallyShipped)
    assert second.parcel.shipment_id == "shp_2"


def test_an_order_is_completed_by_its_last_delivery_only() -> None:
    order = an_order(Status.CONFIRMED, fulfilment=Fulfilment.SHIPPED)
    assert take(order, delivered(complete=False)) == Step(order)
    step = take(order, delivered(complete=True))
    assert (step.order.status, step.order.fulfilment) == (Status.COMPLETED, Fulfilment.DELIVERED)
    assert [type(event).__name__ for event in step.events] == ["OrderDelivered"]
