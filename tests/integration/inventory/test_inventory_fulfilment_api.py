"""Fulfilment orders and shipments over HTTP."""

from typing import Any

import pytest

from tests.integration.inventory.support import (
    Client,
    Inventory,
    cancellation_requested,
    deliver,
    level,
    names_told,
    open_order,
    parcel,
    post,
    receive,
    refusal,
    row_of,
    ship,
    told,
)


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
    "query", ["limit=0", "limit=201", "status=lost", "order_id=%00", f"cursor={'x' * 301}"]
)
async def test_a_bad_filter_is_refused(client: Client, query: str) -> None:
    answer = await client.get(f"/v1/fulfilment-orders?{query}")

    assert refusal(answer) == (422, "urn:problem:validation-failed")


async def test_a_cursor_serves_only_the_question_it_came_from(
    client: Client, inventory: Inventory
) -> None:
    await receive(inventory, {("f7", "A"): 2})
    for _ in range(2):
        await open_order(inventory, ("f7", 1))
    cursor = (await client.get("/v1/fulfilment-orders?limit=1")).json()["next_cursor"]

    for query in (f"cursor={cursor}&status=open", "cursor=ffo_1", f"cursor={cursor[:-2]}"):
        answer = await client.get(f"/v1/fulfilment-orders?{query}")
        assert refusal(answer) == (400, "urn:problem:invalid-cursor")


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
        ("POST", "/v1/fulfilment-orders/ffo_0/processing", None),
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
        ("/v1/shipments/shp_0/events", {"status": "in_transit", "occurred_at": "2026-11-03"}),
        ("/v1/shipments/shp_0/events", {"status": "in_transit", "note": "x" * 501}),
        ("/v1/shipments/shp%00/events", {"status": "delivered"}),
        ("/v1/fulfilment-orders/ffo_0/shipments", parcel()),
        ("/v1/fulfilment-orders/ffo_0/shipments", parcel(("s", 0))),
        ("/v1/fulfilment-orders/ffo_0/shipments", {**parcel(("s", 1)), "carrier": ""}),
        ("/v1/fulfilment-orders/ffo%00/shipments", parcel(("s", 1))),
    ],
)
async def test_a_body_of_another_shape_is_refused(client: Client, path: str, body: Any) -> None:
    answer = await post(client, path, body)

    assert refusal(answer) == (422, "urn:problem:validation-failed")
