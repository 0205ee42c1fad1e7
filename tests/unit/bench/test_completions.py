"""What ends an order, as it is read from a record."""

import pytest
from confluent_kafka import Message

from tests.bench.completions import ending

VALUE = b'{"order_id":"ord_1","client_reference":"b-1","total_minor":5}'


def told(event_type: str, value: bytes = VALUE) -> Message:
    return Message(value=value, headers=[("ce_id", b"1"), ("ce_type", event_type.encode())])


def test_a_confirmation_ends_the_order_of_its_reference() -> None:
    assert ending(told("orders.order-confirmed.v1")) == ("b-1", True)


@pytest.mark.parametrize(
    "event_type",
    [
        "orders.order-rejected.v1",
        "orders.order-expired.v1",
        "orders.order-cancelled.v1",
        "orders.storefront-order-refused.v1",
    ],
)
def test_any_other_end_is_no_confirmation(event_type: str) -> None:
    assert ending(told(event_type)) == ("b-1", False)


def test_what_ends_no_order_is_passed_over() -> None:
    assert ending(told("orders.order-placed.v1")) is None
    assert ending(told("orders.order-confirmed.v1", b"{}")) is None
    assert ending(Message(value=VALUE)) is None
