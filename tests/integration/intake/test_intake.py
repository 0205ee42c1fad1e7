"""What storefronts submit through Kafka: placed, cancelled or refused, and told in sequence."""

import json
import secrets
from typing import Any

import pytest
from shared.messaging.envelope import Record

from tests.integration.intake.service import (
    CANCELLATION,
    SUBMITTED,
    Orders,
    a_record,
)
from tests.support.builders import a_line, an_order

REFUSED = "storefront-order-refused"


def submitted(reference: str, **more: Any) -> Record:
    return a_record(SUBMITTED, {**an_order(reference=reference), **more}, reference)


def cancellation(**named: str) -> Record:
    key = named.get("client_reference") or named["order_id"]
    return a_record(CANCELLATION, named, key)


async def _ship(service: Orders, order_id: str) -> None:
    """As if it were confirmed and had left."""
    async with service.transactions.begin() as work:
        await work.db.execute(
            "UPDATE orders SET status = 'confirmed', payment = 'captured', stock = 'reserved', "
            "fulfilment = 'shipped', version = version + 1 WHERE order_id = $1",
            order_id,
        )
        await work.db.execute(
            "INSERT INTO order_transitions SELECT order_id, version, status, payment, stock, "
            "fulfilment, 'ShipmentDispatched', '', now() FROM orders WHERE order_id = $1",
            order_id,
        )


async def test_a_refused_cancellation_by_order_id_is_told_under_its_reference(
    service: Orders,
) -> None:
    """Two counters under one key would tell the order's events 1, 1, 2 …"""
    await service.take_in(submitted("web-1"))
    order_id = await service.order_under("web-1")
    await _ship(service, order_id)

    await service.take_in(cancellation(order_id=order_id), cancellation(order_id=order_id))

    assert [(one.name, one.sequence) for one in await service.told(order_id)] == [
        ("order-placed", 1)
    ]
    refusals = await service.told("web-1")
    assert [(one.name, one.sequence) for one in refusals] == [(REFUSED, 1), (REFUSED, 2)]
    assert {one.data["reason"] for one in refusals} == {"illegal-transition"}


async def test_a_cancellation_of_no_order_is_refused(service: Orders) -> None:
    await service.take_in(cancellation(order_id="ord_none"), cancellation(client_reference="no"))

    assert [one.data["reason"] for one in await service.told("ord_none")] == ["unknown-order"]
    assert [one.data["reason"] for one in await service.told("no")] == ["unknown-order"]
    assert await service.parked() == []


@pytest.mark.parametrize("reference", ["nul\x00inside", secrets.token_hex(4_000), "", 7, None])
async def test_a_reference_that_cannot_be_stored_is_refused_and_parks_nobody(
    service: Orders, reference: Any
) -> None:
    record = a_record(SUBMITTED, {**an_order(), "client_reference": reference}, "web-1")

    await service.take_in(record, submitted("web-2"))

    assert await service.parked() == []
    assert await service.order_under("web-2")
    [refused] = [one for one in await service.all_told() if one.name == REFUSED]
    assert refused.data["errors"][0]["pointer"] == "/client_reference"


async def test_a_submission_that_says_a_thing_twice_is_refused_and_parks_nobody(
    service: Orders,
) -> None:
    """Which of the two quantities was meant is not ours to choose."""
    body = json.dumps(an_order(a_line("sku-1", 2), reference="web-1"))
    twice = body.replace('"quantity": 2', '"quantity": 1, "quantity": 2')

    await service.take_in(a_record(SUBMITTED, twice.encode(), "web-1"), submitted("web-2"))

    [refused] = await service.told("web-1")
    assert (refused.name, refused.data["reason"]) == (REFUSED, "duplicate-member")
    assert [one["pointer"] for one in refused.data["errors"]] == ["/lines/0/quantity"]
    assert await service.parked() == []
    assert await service.order_under("web-2")


async def test_a_submission_beyond_the_limit_of_a_body_is_refused(service: Orders) -> None:
    lines = [{**a_line(f"sku-{n}"), "description": "d" * 450} for n in range(1_000)]
    record = a_record(SUBMITTED, an_order(*lines, reference="web-1"), "web-1")

    await service.take_in(record)

    assert [one.data["reason"] for one in await service.told("web-1")] == ["body-too-large"]
    assert await service.parked() == []


@pytest.mark.parametrize(
    "data",
    [
        {"client_reference": "nul\x00inside"},
        {"client_reference": "web-1", "reason": "nul\x00inside"},
        {"client_reference": "web-1", "reason": "r" * 501},
        {"client_reference": "r" * 129},
        {"order_id": "o" * 129},
    ],
)
async def test_a_cancellation_of_the_wrong_shape_is_parked_as_such(
    service: Orders, data: dict[str, str]
) -> None:
    await service.take_in(a_record(CANCELLATION, data, "web-1"))

    assert await service.parked() == ["bad-data"]
