"""Poison: parked with its reason, the partition moves on, the order's later events wait."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from shared.contracts import topics

from tests.support.builders import a_line
from tests.support.kafka_log import headers_of
from tests.support.shop import Shop
from tests.support.waiting import eventually, throughout

PARKED_WITHIN_S = 10
GROUPS = ("payments", "inventory", "notifications")


def event_headers(event_type: str = "orders.order-expired.v1", **more: bytes | None) -> Any:
    """Headers of a CloudEvent as orders would send it; ``more`` replaces some."""
    headers: dict[str, bytes | None] = {
        "ce_specversion": b"1.0",
        "ce_id": uuid4().hex.encode(),
        "ce_type": event_type.encode(),
        "ce_source": b"/orderproof/orders.events.v1",
        "ce_sequence": b"0000000009",
        "content-type": b"application/json",
    }
    return [*{**headers, **more}.items()]


POISONS = {
    "bad-bytes": ("bad-data", b"\xff\xfe\x00", event_headers()),
    "bad-json": ("bad-data", b'{"order_id": ', event_headers()),
    "wrong-shape": ("bad-data", b'{"order_id": 7}', event_headers()),
    "no-value": ("no-data", None, event_headers()),
    "null-header": ("bad-headers", b"{}", event_headers(x_note=None)),
    "non-utf8-header": ("bad-headers", b"{}", event_headers(x_note=b"\xff\xfe")),
    "no-id": ("bad-envelope", b"{}", event_headers(ce_id=b"")),
}


async def first_of(shop: Shop, service: str, key: str) -> dict[str, Any]:
    """The dead letter at the head of ``key``, once it is parked."""

    async def look() -> Any:
        found = await shop.dead_letters(service)
        return next((one for one in found if one["key"] == key), None)

    return dict(await eventually(look, f"{key} parked in {service}", PARKED_WITHIN_S))


async def act(shop: Shop, service: str, parked_id: int, what: str, **body: str) -> Any:
    url = f"{shop.url(service)}/ops/dead-letters/{parked_id}/{what}"
    answer = await shop.post(url, body, **{"X-Operator": "operator-1"})
    assert answer.status == 200, answer.body
    return answer.body


async def discard_everywhere(shop: Shop, key: str) -> None:
    for service in GROUPS:
        parked = await first_of(shop, service, key)
        await act(shop, service, parked["id"], "discard", reason="a test's poison")


@pytest.mark.parametrize("name", POISONS)
async def test_poison_is_parked_by_name_and_its_order_waits_until_it_is_discarded(
    shop: Shop, name: str
) -> None:
    reason, value, headers = POISONS[name]
    sku = await shop.new_sku(2)
    order_id = await shop.place(a_line(sku))
    await shop.outcome(order_id)

    await shop.produce(topics.ORDERS, value, headers, order_id.encode())
    parked = await asyncio.gather(*(first_of(shop, one, order_id) for one in GROUPS))
    assert {one["reason"] for one in parked} == {reason}
    await shop.cancel(order_id)

    other = await shop.place(a_line(sku))
    assert (await shop.outcome(other))["status"] == "confirmed", "the partition moves on"
    assert (await shop.order(order_id))["status"] == "cancelling", "its later events wait"
    await discard_everywhere(shop, order_id)
    await shop.reaches(order_id, "cancelled")
    await shop.settled(order_id, 0)


async def test_a_copy_of_the_record_is_in_the_dead_letter_topic(shop: Shop) -> None:
    key = f"ord_{uuid4().hex}"
    headers = event_headers()
    await shop.produce(topics.ORDERS, b"{", headers, key.encode())
    await discard_everywhere(shop, key)

    async def look() -> Any:
        records = await shop.log.read(*(topics.dead_letters(one) for one in GROUPS))
        copies = [one for one in records if one.key == key.encode()]
        return copies if len(copies) == len(GROUPS) else None

    for copy in await eventually(look, "a dead letter of each group"):
        assert copy.value == b"{"
        assert copy.headers[: len(headers)] == tuple(headers)
        found = headers_of(copy)
        assert found["dl_reason"] == "bad-data"
        assert found["dl_topic"] == topics.ORDERS
        assert {"dl_error", "dl_partition", "dl_offset", "dl_attempts"} <= set(found)


async def test_an_id_that_comes_again_with_other_data_is_never_applied(shop: Shop) -> None:
    order_id = await shop.place()
    await shop.outcome(order_id)
    records = await shop.log.read(topics.ORDERS)
    placed = next(one for one in records if one.key == order_id.encode())
    changed = json.loads(placed.value or b"")
    changed["total_minor"] += 1

    await shop.produce(
        topics.ORDERS, json.dumps(changed).encode(), list(placed.headers), order_id.encode()
    )

    for service in GROUPS:
        assert (await first_of(shop, service, order_id))["reason"] == "id-reused"
    await discard_everywhere(shop, order_id)


@pytest.fixture
async def bug(shop: Shop) -> AsyncIterator[Any]:
    """Plant a bug in inventory's handler for some SKUs; it is mended at the end."""
    switch = shop.crash_dir / "bug"

    def plant(*skus: str) -> None:
        switch.write_text(" ".join(skus))

    yield plant
    switch.unlink(missing_ok=True)


async def test_a_handlers_bug_parks_the_order_and_a_redrive_brings_it_through_in_order(
    shop: Shop, bug: Any
) -> None:
    sku, good = await shop.new_sku(3), await shop.new_sku(1)
    bug(sku)
    order_id = await shop.place(a_line(sku))
    parked = await first_of(shop, "inventory", order_id)
    assert (parked["reason"], parked["error"]) == ("handler-failed", "PlantedBug")
    assert (await shop.outcome(await shop.place(a_line(good))))["status"] == "confirmed"
    await shop.cancel(order_id)

    async def waits() -> bool:
        return bool((await first_of(shop, "inventory", order_id))["behind"] == 1)

    await eventually(waits, "the cancellation waits behind the placing")
    failed = await act(shop, "inventory", parked["id"], "redrive")
    assert failed["failed"] == "PlantedBug"
    assert failed["left"] == 2
    bug()
    rehearsed = await shop.post(
        f"{shop.url('inventory')}/ops/dead-letters/{parked['id']}/redrive?dry_run=true", {}
    )
    assert rehearsed.body["done"] == 2
    assert await waits(), "a dry run changes nothing"
    assert (await act(shop, "inventory", parked["id"], "redrive"))["done"] == 2
    told = await shop.log.events(topics.INVENTORY, order_id)

    async def both() -> Any:
        return len(await shop.log.events(topics.INVENTORY, order_id)) == 2

    await eventually(both, "held, then released")
    told = await shop.log.events(topics.INVENTORY, order_id)
    assert told == ["inventory.stock-reserved.v1", "inventory.stock-released.v1"]
    assert (await shop.stock(sku))["available"] == 3


async def test_a_bug_that_hits_everything_stops_the_partition(shop: Shop, bug: Any) -> None:
    sku = await shop.new_sku(80)
    bug("*")
    order_ids = await asyncio.gather(*(shop.place(a_line(sku)) for _ in range(80)))

    async def stopped() -> bool:
        return (await shop.get(shop.url("inventory") + "/health/live")).status == 503

    await eventually(stopped, "inventory's liveness fails")

    async def few() -> bool:
        found = await shop.dead_letters("inventory")
        return len([one for one in found if one["key"] in order_ids]) <= 50

    await throughout(few, "the world is not parked", 3)
    bug()

    async def alive() -> bool:
        return (await shop.get(shop.url("inventory") + "/health/live")).status == 200

    await eventually(alive, "inventory goes on by itself")
    parked = await shop.dead_letters("inventory")
    await asyncio.gather(*(act(shop, "inventory", one["id"], "redrive") for one in parked))
    await shop.drained()
    found = await asyncio.gather(*(shop.outcome(one) for one in order_ids))
    outcomes = [one["status"] for one in found]
    await shop.drained()
    await shop.books_agree(order_ids)
    stock = await shop.stock(sku)
    assert stock["reserved"] == outcomes.count("confirmed")


async def test_a_later_version_waits_for_the_upgrade(shop: Shop) -> None:
    """Consumers are released before producers; one that was not parks what it cannot read."""
    order_id, sku = f"ord_{uuid4().hex}", await shop.new_sku(2)
    source = await shop.place(a_line(sku))
    await shop.outcome(source)
    records = await shop.log.read(topics.ORDERS)
    placed = json.loads(next(one for one in records if one.key == source.encode()).value or b"")
    later = {**placed, "order_id": order_id, "deadline_at": "2099-01-01T00:00:00Z", "new": 1}
    headers = event_headers("orders.order-placed.v2")

    await shop.produce(topics.ORDERS, json.dumps(later).encode(), headers, order_id.encode())
    for service in GROUPS:
        assert (await first_of(shop, service, order_id))["reason"] == "unknown-version"
    await _upgrade(shop)
    parked = await first_of(shop, "inventory", order_id)
    assert (await act(shop, "inventory", parked["id"], "redrive"))["done"] == 1

    async def held() -> bool:
        return bool((await shop.stock(sku))["reserved"] == 2)

    await eventually(held, "the redriven order's hold")
    for service in ("payments", "notifications"):
        parked = await first_of(shop, service, order_id)
        await act(shop, service, parked["id"], "discard", reason="not upgraded")


async def _upgrade(shop: Shop) -> None:
    (shop.crash_dir / "v2").touch()
    old = shop.system.kill("inventory-0")
    await shop.system.wait_replaced("inventory-0", old)
