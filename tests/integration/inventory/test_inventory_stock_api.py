"""Stock over HTTP: receipts, corrections, and what is on the shelves."""

from typing import Any

import httpx2
import pytest

from tests.integration.inventory.support import (
    Client,
    Inventory,
    deliver,
    level,
    placed,
    post,
    receive,
    refusal,
)


async def post_receipts(
    client: Client, *receipts: tuple[Any, Any, Any], key: str | None = None
) -> httpx2.Response:
    body = [{"sku": s, "location": at, "quantity": units} for s, at, units in receipts]
    return await post(client, "/v1/stock/receipts", {"receipts": body}, key)


async def adjust(client: Client, sku: str, quantity: int) -> httpx2.Response:
    body = [{"sku": sku, "location": "A", "quantity": quantity}]
    return await post(client, "/v1/stock/adjustments", {"adjustments": body, "reason": "counted"})


async def test_receipts_put_units_on_the_shelves(client: Client) -> None:
    answer = await post_receipts(client, ("r1", "B", 2), ("r1", "A", 3), ("r1", "B", 4))

    assert answer.status_code == 201
    assert answer.json() == {
        "levels": [
            {"sku": "r1", "location": "A", "on_hand": 3, "reserved": 0, "available": 3},
            {"sku": "r1", "location": "B", "on_hand": 6, "reserved": 0, "available": 6},
        ]
    }


async def test_receipts_sent_twice_count_once(client: Client, inventory: Inventory) -> None:
    first = await post_receipts(client, ("r2", "A", 5), key="twice")
    second = await post_receipts(client, ("r2", "A", 5), key="twice")

    assert second.content == first.content
    assert second.headers["idempotency-replayed"] == "true"
    assert await level(inventory, "r2") == (5, 0)


async def test_a_key_used_with_another_body_is_refused(client: Client) -> None:
    await post_receipts(client, ("r3", "A", 5), key="other")
    answer = await post_receipts(client, ("r3", "A", 6), key="other")

    assert refusal(answer) == (422, "urn:problem:idempotency-key-reused")


async def test_receipts_need_a_key(client: Client) -> None:
    body = {"receipts": [{"sku": "r4", "location": "A", "quantity": 1}]}
    answer = await client.post("/v1/stock/receipts", json=body)

    assert refusal(answer) == (400, "urn:problem:idempotency-key-missing")


@pytest.mark.parametrize("quantity", [1, 1_000_000])
async def test_quantities_within_the_bounds_are_received(client: Client, quantity: int) -> None:
    answer = await post_receipts(client, (f"q{quantity}", "A", quantity))

    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("receipt", "pointer"),
    [
        (("q", "A", 0), "/receipts/0/quantity"),
        (("q", "A", 1_000_001), "/receipts/0/quantity"),
        (("q", "A", 1.0), "/receipts/0/quantity"),
        (("q", "A", "1"), "/receipts/0/quantity"),
        (("q", "A", True), "/receipts/0/quantity"),
        (("", "A", 1), "/receipts/0/sku"),
        (("q" * 65, "A", 1), "/receipts/0/sku"),
    ],
)
async def test_receipts_out_of_bounds_are_refused_by_pointer(
    client: Client, receipt: tuple[Any, Any, Any], pointer: str
) -> None:
    answer = await post_receipts(client, receipt)

    assert refusal(answer) == (422, "urn:problem:validation-failed")
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]


async def test_text_that_cannot_be_stored_is_refused_by_pointer(client: Client) -> None:
    answer = await post_receipts(client, ("q", "A\x00", 1))

    assert refusal(answer) == (422, "urn:problem:invalid-text")
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/receipts/0/location"]


async def test_unknown_members_are_refused(client: Client) -> None:
    receipt = {"sku": "q", "location": "A", "quantity": 1, "reserved": 1}
    answer = await post(client, "/v1/stock/receipts", {"receipts": [receipt]})

    assert refusal(answer) == (422, "urn:problem:validation-failed")


@pytest.mark.parametrize(("count", "status"), [(0, 422), (1_000, 201), (1_001, 422)])
async def test_one_to_a_thousand_receipts_at_once(client: Client, count: int, status: int) -> None:
    answer = await post_receipts(client, *[("many", f"L{n}", 1) for n in range(count)])

    assert answer.status_code == status


async def test_stock_is_counted_up_to_the_columns_end(client: Client, inventory: Inventory) -> None:
    await receive(inventory, {("full", "A"): 2**31 - 2})

    assert (await post_receipts(client, ("full", "A", 1))).status_code == 201
    answer = await post_receipts(client, ("fresh", "A", 1), ("full", "A", 1))

    assert refusal(answer) == (422, "urn:problem:stock-out-of-range")
    assert await level(inventory, "full") == (2**31 - 1, 0)
    assert (await client.get("/v1/stock/fresh")).status_code == 404


async def test_a_count_corrects_what_is_on_hand(client: Client, inventory: Inventory) -> None:
    await receive(inventory, {("c1", "A"): 5})

    assert (await adjust(client, "c1", -2)).json()["levels"][0]["on_hand"] == 3
    assert (await adjust(client, "c1", 4)).json()["levels"][0]["on_hand"] == 7
    found = await inventory.pool.fetch(
        "SELECT quantity, reason FROM stock_movements WHERE sku = 'c1' ORDER BY id"
    )
    assert [tuple(one) for one in found] == [(5, None), (-2, "counted"), (4, "counted")]


async def test_a_count_never_takes_what_orders_hold(client: Client, inventory: Inventory) -> None:
    await receive(inventory, {("c2", "A"): 5})
    await deliver(inventory, placed(("c2", 4)))

    assert (await adjust(client, "c2", -1)).status_code == 201
    assert refusal(await adjust(client, "c2", -1)) == (422, "urn:problem:stock-out-of-range")
    assert await level(inventory, "c2") == (4, 4)


async def test_stock_shows_sums_and_locations(client: Client, inventory: Inventory) -> None:
    await receive(inventory, {("A/1 é", "B"): 2, ("A/1 é", "A"): 3})
    await deliver(inventory, placed(("A/1 é", 4)))

    answer = await client.get("/v1/stock/A%2F1%20%C3%A9")

    assert answer.json() == {
        "sku": "A/1 é",
        "on_hand": 5,
        "reserved": 4,
        "available": 1,
        "locations": [
            {"location": "A", "on_hand": 3, "reserved": 3, "available": 0},
            {"location": "B", "on_hand": 2, "reserved": 1, "available": 1},
        ],
    }


async def test_a_sku_never_received_is_not_found(client: Client) -> None:
    assert refusal(await client.get("/v1/stock/none")) == (404, "urn:problem:not-found")


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000, b'{"receipts": "\\ud800"}'])
async def test_what_is_no_json_is_never_our_fault(client: Client, body: bytes) -> None:
    headers = {"Idempotency-Key": "x", "content-type": "application/json"}
    answer = await client.post("/v1/stock/receipts", content=body, headers=headers)

    assert answer.status_code in (400, 422)
