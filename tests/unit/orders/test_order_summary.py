"""The one word for an order, from the axes that are stored."""

from itertools import product

import pytest
from orders.domain.order import (
    DISPATCHED,
    ENDED,
    Fulfilment,
    Status,
    is_decided,
    is_terminal,
    summary_of,
)

WORDS = {
    "pending",
    "confirmed",
    "cancelling",
    "rejected",
    "expired",
    "cancelled",
    "partially_shipped",
    "shipped",
    "delivered",
}


@pytest.mark.parametrize("fulfilment", Fulfilment)
def test_a_living_order_is_called_by_how_far_its_goods_are(fulfilment: Fulfilment) -> None:
    expected = fulfilment if fulfilment in DISPATCHED else Status.CONFIRMED
    assert summary_of(Status.CONFIRMED, fulfilment) == expected


@pytest.mark.parametrize("fulfilment", Fulfilment)
@pytest.mark.parametrize("status", [Status.PENDING, Status.CANCELLING, *sorted(ENDED)])
def test_any_other_order_is_called_by_its_status(status: Status, fulfilment: Fulfilment) -> None:
    assert summary_of(status, fulfilment) == status


def test_a_completed_order_is_called_delivered() -> None:
    assert summary_of(Status.COMPLETED, Fulfilment.DELIVERED) == "delivered"


def test_every_word_that_occurs_is_one_of_the_documented() -> None:
    possible = [
        (status, fulfilment)
        for status, fulfilment in product(Status, Fulfilment)
        if status != Status.COMPLETED or fulfilment == Fulfilment.DELIVERED
    ]
    assert {str(summary_of(*one)) for one in possible} == WORDS


def test_decided_is_everything_but_waiting() -> None:
    assert {word for word in WORDS if not is_decided(word)} == {"pending", "cancelling"}


def test_terminal_is_what_nothing_follows() -> None:
    assert {word for word in WORDS if is_terminal(word)} == {
        "rejected",
        "expired",
        "cancelled",
        "delivered",
    }
