"""What the records of an order say about it, whatever order they come in."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from console.domain.facts import Fact, Place
from console.domain.picture import EVENTS, STATUS, Picture, fold
from console.domain.states import states_of
from shared.contracts import orders
from shared.contracts.catalogue import EVENTS as CATALOGUE

AT = datetime(2026, 11, 30, 10, tzinfo=UTC)


def told(name: str, sequence: int = 1, key: str = "ord_1", **data: Any) -> Fact:
    event = CATALOGUE[f"{name}.v1"]
    return Fact(
        place=Place(event.topic, 0, sequence),
        key=key,
        type=event.type,
        event_id=f"evt_{name}_{sequence}",
        sequence=sequence,
        at=AT + timedelta(seconds=sequence),
        trace_id="a" * 32,
        data=data,
    )


PLACED = told(
    "orders.order-placed",
    client_reference="web-1",
    channel="b2c",
    currency="GBP",
    total_minor=1530,
    placed_at=AT.isoformat(),
    deadline_at=(AT + timedelta(seconds=60)).isoformat(),
)


def test_a_confirmed_order() -> None:
    [picture] = fold(
        [
            PLACED,
            told("payments.payment-captured", amount_minor=1530),
            told("inventory.stock-reserved"),
            told("orders.order-confirmed", 2),
        ]
    )

    assert (picture.status, picture.payment, picture.stock) == ("confirmed", "captured", "reserved")
    assert (picture.outcome, picture.decided_at) == ("confirmed", AT + timedelta(seconds=2))
    assert (picture.captured_minor, picture.total_minor) == (1530, 1530)
    assert picture.placed_at == AT


def test_what_was_told_later_on_its_topic_wins_in_any_order_of_coming() -> None:
    events = [
        told("orders.order-confirmed", 2),
        told("orders.order-cancellation-requested", 3),
        told("orders.order-cancelled", 4),
    ]
    for each in permutations(events):
        assert fold(each)[0].status == "cancelled"


def test_the_first_decision_is_the_outcome_and_the_status_goes_on() -> None:
    [picture] = fold([told("orders.order-confirmed", 2), told("orders.order-cancelled", 4)])

    assert (picture.outcome, picture.status) == ("confirmed", "cancelled")


def test_refunds_tell_their_sum() -> None:
    [picture] = fold(
        [
            told("payments.payment-refunded", 3, amount_minor=5, refunded_minor=9),
            told("payments.payment-refunded", 2, amount_minor=4, refunded_minor=4),
        ]
    )

    assert picture.refunded_minor == 9


@pytest.mark.parametrize("amount", [-1, 2**60, "12", 1.5, None, [1]])
def test_an_amount_that_is_none_counts_as_nothing(amount: Any) -> None:
    [picture] = fold([told("payments.payment-captured", amount_minor=amount)])

    assert picture.captured_minor == 0


def test_orders_come_by_id_and_what_is_of_none_is_left_out() -> None:
    other = told("orders.order-confirmed", 2, key="ord_0")
    unknown = Fact(PLACED.place, "ord_9", "orders.order-folded.v1", "evt", 1, AT, "", {})
    refused = told("orders.storefront-order-refused", key="web-1")

    assert [one.order_id for one in fold([PLACED, other, unknown, refused])] == ["ord_0", "ord_1"]


def test_every_event_of_an_order_moves_it_or_is_known_not_to() -> None:
    """A new event is put on the table, or here."""
    still = {
        "orders.order-refunded.v1",
        "inventory.cancellation-refused.v1",
        "fulfilment.fulfilment-cancellation-requested.v1",
    }

    assert EVENTS - {event.type for event in STATUS} == still


def test_the_way_of_an_order_is_told_as_states() -> None:
    records = [
        {"type": one.type, "at": one.at, "sequence": one.sequence, "problem": None}
        for one in (told("orders.order-confirmed", 2), PLACED)
    ]

    states = [(one.name, one.place) for one in states_of("confirmed", records)]

    assert states == [
        ("pending", "past"),
        ("confirmed", "here"),
        ("shipped", "ahead"),
        ("delivered", "ahead"),
    ]
    assert [one.name for one in states_of("rejected", [])] == ["rejected"]
    assert orders.OrderPlaced in STATUS
    assert Picture("ord_1").status is None
