"""Every route of inventory's API, over ASGI, on a real database."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI
from inventory import api
from shared.http import problem
from shared.ids import new_id

from tests.integration.inventory.support import (
    Inventory,
    cancellation_requested,
    confirmed,
    deliver,
    level,
    names_told,
    placed,
    receive,
    row_of,
    told,
)

Client = httpx2.AsyncClient


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def client(inventory: Inventory) -> AsyncIterator[Client]:
    app = FastAPI()
    problem.install(app)
    app.include_router(api.router(inventory, inventory.pool))
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with Client(transport=transport, base_url="http://inventory") as one:
        yield one


async def post(client: Client, path: str, body: Any, key: str | None = None) -> httpx2.Response:
    headers = {"Idempotency-Key": key or new_id("key")}
    return await client.post(path, json=body, headers=headers)


async def post_receipts(
    client: Client, *receipts: tuple[Any, Any, Any], key: str | None = None
) -> httpx2.Response:
    body = [{"sku": s, "location": at, "quantity": units} for s, at, units in receipts]
    return await post(client, "/v1/stock/receipts", {"receipts": body}, key)


async def open_order(inventory: Inventory, *lines: tuple[str, int]) -> tuple[str, str]:
    """A confirmed order: its id and its fulfilment order's."""
    order = placed(*lines)
    await deliver(inventory, order, confirmed(order.order_id))
    row = await row_of(inventory, order.order_id)
    assert row.fulfilment_order_id is not None
    return order.order_id, row.fulfilment_order_id


def parcel(*lines: tuple[str, int]) -> dict[str, Any]:
    return {
        "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines],
        "carrier": "DHL",
        "tracking_number": "T1",
    }


async def ship(client: Client, ffo: str, *lines: tuple[str, int]) -> httpx2.Response:
    return await post(client, f"/v1/fulfilment-orders/{ffo}/shipments", parcel(*lines))


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["type"]


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
        (("q\x00", "A", 1), "/receipts/0/sku"),
        (("q", "A\x00", 1), "/receipts/0/location"),
    ],
)
async def test_receipts_out_of_bounds_are_refused_by_pointer(
    client: Client, receipt: tuple[Any, Any, Any], pointer: str
) -> None:
    answer = await post_receipts(client, receipt)

    assert refusal(answer) == (422, "urn:problem:validation-failed")
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]


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


async def adjust(client: Client, sku: str, quantity: int) -> httpx2.Response:
    body = [{"sku": sku, "location": "A", "quantity": quantity}]
    return await post(client, "/v1/stock/adjustments", {"adjustments": body, "reason": "counted"})


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


async def test_a_fulfilment_order_is_listed_with_lines_and_shipments(
    client: Client, inventory: Inventory
) -> None:
    await receive(inventory, {("f1", "A"): 2, ("f1", "B"): 2})
    order_id, ffo = await open_order(inventory, ("f1", 3))
    shipment = (await ship(client, ffo, ("f1", 1))).json()

    answer = await client.get("/v1/fulfilment-orders", params={"order_id": order_id})

    [found] = answer.json()["fulfilment_orders"]
    assert found["fulfilment_order_id"] == ffo
    assert found["status"] == "partially_shipped"
    assert found["lines"] == [
        {"sku": "f1", "location": "A", "quantity": 2, "dispatched": 1, "held": 1},
        {"sku": "f1", "location": "B", "quantity": 1, "dispatched": 0, "held": 1},
    ]
    assert found["shipments"] == [shipment]
    assert answer.json()["next_cursor"] is None


async def test_fulfilment_orders_come_in_pages(client: Client, inventory: Inventory) -> None:
    await receive(inventory, {("f2", "A"): 5})
    for _ in range(3):
        await open_order(inventory, ("f2", 1))
    everything = (await client.get("/v1/fulfilment-orders?limit=200")).json()

    found: list[Any] = []
    cursor = ""
    while cursor is not None:
        page = (await client.get(f"/v1/fulfilment-orders?limit=2&cursor={cursor}")).json()
        found, cursor = found + page["fulfilment_orders"], page["next_cursor"]

    assert len(found) >= 3
    assert found == everything["fulfilment_orders"]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "status=lost", "order_id=%00", "cursor=%00"]
)
async def test_a_bad_filter_is_refused(client: Client, query: str) -> None:
    answer = await client.get(f"/v1/fulfilment-orders?{query}")

    assert refusal(answer) == (422, "urn:problem:validation-failed")


async def test_the_status_filter_shows_only_that_status(
    client: Client, inventory: Inventory
) -> None:
    await receive(inventory, {("f3", "A"): 1})
    order_id, _ = await open_order(inventory, ("f3", 1))

    shipped = await client.get(f"/v1/fulfilment-orders?order_id={order_id}&status=shipped")
    opened = await client.get(f"/v1/fulfilment-orders?order_id={order_id}&status=open")

    assert len(shipped.json()["fulfilment_orders"]) == 0
    assert len(opened.json()["fulfilment_orders"]) == 1


async def test_an_order_leaves_in_parcels_and_arrives(client: Client, inventory: Inventory) -> None:
    await receive(inventory, {("s1", "A"): 2, ("s1", "B"): 2, ("s2", "A"): 1})
    order_id, ffo = await open_order(inventory, ("s1", 3), ("s2", 1))

    first = await ship(client, ffo, ("s1", 1))
    assert (await row_of(inventory, order_id)).fulfilment_status == "partially_shipped"
    assert await level(inventory, "s1", "A") == (1, 1)
    second = await ship(client, ffo, ("s1", 1), ("s2", 1), ("s1", 1))
    assert (await row_of(inventory, order_id)).fulfilment_status == "shipped"
    assert await level(inventory, "s1", "A") == (0, 0)
    assert await level(inventory, "s1", "B") == (1, 0)

    assert (first.status_code, second.status_code) == (201, 201)
    for shipment in (second, first):
        path = f"/v1/shipments/{shipment.json()['shipment_id']}/events"
        answer = await client.post(path, json={"status": "delivered"})
        assert answer.json()["status"] == "delivered"

    assert (await row_of(inventory, order_id)).fulfilment_status == "delivered"
    facts = await told(inventory, order_id)
    assert [(name, data.get("complete")) for name, data in facts[2:]] == [
        ("shipment-dispatched", False),
        ("shipment-dispatched", True),
        ("shipment-delivered", False),
        ("shipment-delivered", True),
    ]


async def test_all_parcels_sent_so_far_delivered_is_not_all_delivered(
    client: Client, inventory: Inventory
) -> None:
    await receive(inventory, {("s3", "A"): 2})
    order_id, ffo = await open_order(inventory, ("s3", 2))
    shipment = (await ship(client, ffo, ("s3", 1))).json()

    await client.post(
        f"/v1/shipments/{shipment['shipment_id']}/events", json={"status": "delivered"}
    )

    assert (await told(inventory, order_id))[-1][1]["complete"] is False
    assert (await row_of(inventory, order_id)).fulfilment_status == "partially_shipped"


async def test_delivered_twice_is_told_once(client: Client, inventory: Inventory) -> None:
    await receive(inventory, {("s4", "A"): 1})
    order_id, ffo = await open_order(inventory, ("s4", 1))
    shipment = (await ship(client, ffo, ("s4", 1))).json()
    path = f"/v1/shipments/{shipment['shipment_id']}/events"

    first = await client.post(path, json={"status": "delivered"})
    second = await client.post(path, json={"status": "delivered"})

    assert (first.status_code, second.status_code) == (200, 200)
    assert second.json() == first.json()
    assert (await names_told(inventory, order_id)).count("shipment-delivered") == 1


async def test_a_shipment_is_found_where_its_answer_says(
    client: Client, inventory: Inventory
) -> None:
    await receive(inventory, {("s5", "A"): 1})
    _, ffo = await open_order(inventory, ("s5", 1))
    answer = await ship(client, ffo, ("s5", 1))

    found = await client.get(answer.headers["location"])

    assert found.json() == answer.json()


async def test_a_shipment_sent_twice_leaves_once(client: Client, inventory: Inventory) -> None:
    await receive(inventory, {("s6", "A"): 2})
    _, ffo = await open_order(inventory, ("s6", 2))
    path, body = f"/v1/fulfilment-orders/{ffo}/shipments", parcel(("s6", 1))

    first, second = await post(client, path, body, "s6"), await post(client, path, body, "s6")

    assert first.content == second.content
    assert await level(inventory, "s6") == (1, 1)


async def test_no_more_may_leave_than_is_held_and_not_yet_sent(
    client: Client, inventory: Inventory
) -> None:
    await receive(inventory, {("s7", "A"): 9})
    _, ffo = await open_order(inventory, ("s7", 3))

    assert (await ship(client, ffo, ("s7", 2))).status_code == 201
    refused = refusal(await ship(client, ffo, ("s7", 1), ("s7", 1)))
    assert refused == (422, "urn:problem:shipment-exceeds-holds")
    assert refusal(await ship(client, ffo, ("s8", 1))) == refused
    assert (await ship(client, ffo, ("s7", 1))).status_code == 201
    assert refusal(await ship(client, ffo, ("s7", 1))) == refused
    assert await level(inventory, "s7") == (6, 0)


async def test_nothing_leaves_for_a_cancelled_fulfilment_order(
    client: Client, inventory: Inventory
) -> None:
    await receive(inventory, {("s9", "A"): 1})
    order_id, ffo = await open_order(inventory, ("s9", 1))
    await deliver(inventory, cancellation_requested(order_id))

    answer = await ship(client, ffo, ("s9", 1))

    assert refusal(answer) == (409, "urn:problem:illegal-transition")
    assert answer.json()["current_status"] == "cancelled"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/fulfilment-orders/ffo_0/shipments", parcel(("s", 1))),
        ("POST", "/v1/shipments/shp_0/events", {"status": "delivered"}),
        ("GET", "/v1/shipments/shp_0", None),
    ],
)
async def test_an_unknown_id_is_not_found(
    client: Client, method: str, path: str, body: Any
) -> None:
    answer = await client.request(method, path, json=body, headers={"Idempotency-Key": "k"})

    assert refusal(answer) == (404, "urn:problem:not-found")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/shipments/shp_0/events", {"status": "lost"}),
        ("/v1/shipments/shp_0/events", {"status": "delivered", "at": "now"}),
        ("/v1/shipments/shp%00/events", {"status": "delivered"}),
        ("/v1/fulfilment-orders/ffo_0/shipments", parcel()),
        ("/v1/fulfilment-orders/ffo_0/shipments", parcel(("s", 0))),
        ("/v1/fulfilment-orders/ffo_0/shipments", {**parcel(("s", 1)), "carrier": "\x00"}),
        ("/v1/fulfilment-orders/ffo%00/shipments", parcel(("s", 1))),
    ],
)
async def test_a_body_of_another_shape_is_refused(client: Client, path: str, body: Any) -> None:
    answer = await post(client, path, body)

    assert refusal(answer) == (422, "urn:problem:validation-failed")


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000, b'{"receipts": "\\ud800"}'])
async def test_what_is_no_json_is_never_our_fault(client: Client, body: bytes) -> None:
    headers = {"Idempotency-Key": "x", "content-type": "application/json"}
    answer = await client.post("/v1/stock/receipts", content=body, headers=headers)

    assert answer.status_code in (400, 422)
