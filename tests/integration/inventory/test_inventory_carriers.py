"""What carriers and packers tell, over HTTP."""

from tests.integration.inventory.support import (
    Client,
    Inventory,
    confirmed,
    deliver,
    names_told,
    open_order,
    placed,
    receive,
    refusal,
    row_of,
    ship,
    told,
)


async def test_what_a_carrier_told_is_kept_and_shown(client: Client, inventory: Inventory) -> None:
    await receive(inventory, {("c1", "A"): 1})
    order_id, ffo = await open_order(inventory, ("c1", 1))
    shipment = (await ship(client, ffo, ("c1", 1))).json()
    path = f"/v1/shipments/{shipment['shipment_id']}"
    at = "2026-11-03T09:30:00+01:00"

    for _ in range(2):
        body = {"status": "in_transit", "occurred_at": at, "note": "Leeds"}
        assert (await client.post(f"{path}/events", json=body)).status_code == 200
    returned = await client.post(f"{path}/events", json={"status": "returned_to_sender"})
    refused = await client.post(f"{path}/events", json={"status": "delivered"})

    assert refusal(refused) == (409, "urn:problem:illegal-transition")
    assert refused.json()["current_status"] == "returned_to_sender"
    shown = (await client.get(path)).json()
    assert shown == returned.json()
    assert [one["status"] for one in shown["events"]] == ["in_transit", "returned_to_sender"]
    assert (shown["events"][0]["occurred_at"], shown["events"][0]["note"]) == (
        "2026-11-03T08:30:00.000Z",
        "Leeds",
    )
    assert (await names_told(inventory, order_id))[3:] == [
        "shipment-in-transit",
        "shipment-returned-to-sender",
    ]
    assert (await row_of(inventory, order_id)).fulfilment_status == "shipped"


async def test_an_arrival_that_an_older_release_noted_is_shown(
    client: Client, inventory: Inventory
) -> None:
    await receive(inventory, {("c2", "A"): 1})
    _, ffo = await open_order(inventory, ("c2", 1))
    shipment = (await ship(client, ffo, ("c2", 1))).json()
    await inventory.pool.execute(
        "UPDATE shipments SET delivered_at = now() WHERE shipment_id = $1", shipment["shipment_id"]
    )

    shown = (await client.get(f"/v1/shipments/{shipment['shipment_id']}")).json()

    assert shown["status"] == "delivered"
    assert [one["status"] for one in shown["events"]] == ["delivered"]


async def test_a_fulfilment_order_in_processing_is_listed_as_such(
    client: Client, inventory: Inventory
) -> None:
    await receive(inventory, {("c3", "A"): 1})
    order_id, ffo = await open_order(inventory, ("c3", 1))
    path = f"/v1/fulfilment-orders/{ffo}/processing"

    first, second = await client.post(path), await client.post(path)

    assert (first.status_code, first.json()["status"]) == (200, "processing")
    assert first.json() == second.json()
    for status, count in (("processing", 1), ("open", 0)):
        found = await client.get(f"/v1/fulfilment-orders?order_id={order_id}&status={status}")
        assert len(found.json()["fulfilment_orders"]) == count
    assert (await names_told(inventory, order_id))[2:] == ["fulfilment-order-processing-started"]
    await ship(client, ffo, ("c3", 1))
    refused = await client.post(path)
    assert refusal(refused) == (409, "urn:problem:illegal-transition")
    assert refused.json()["current_status"] == "shipped"


async def test_partners_are_told_whose_goods_they_are(client: Client, inventory: Inventory) -> None:
    """What was learned from the order comes back from its row."""
    await receive(inventory, {("c4", "A"): 1, ("c5", "A"): 1})
    order = placed(("c4", 1), ("c5", 1))
    marked = order.lines[0].model_copy(update={"seller_id": 's-"1"'})
    order = order.model_copy(update={"lines": (marked, order.lines[1])})
    await deliver(inventory, order)
    await deliver(inventory, confirmed(order.order_id))
    ffo = (await row_of(inventory, order.order_id)).fulfilment_order_id
    assert ffo is not None
    await ship(client, ffo, ("c5", 1))
    await ship(client, ffo, ("c4", 1))

    _, opened, own, sellers = (data for _, data in await told(inventory, order.order_id))
    assert opened["seller_ids"] == sellers["seller_ids"] == ['s-"1"']
    assert [line["seller_id"] for line in opened["lines"]] == ['s-"1"', None]
    assert own["seller_ids"] == []
    assert sellers["lines"] == [{"sku": "c4", "quantity": 1, "seller_id": 's-"1"'}]
