"""The handshake with the partner who fulfils, over HTTP."""

from tests.integration.inventory.support import (
    Client,
    Inventory,
    cancellation_requested,
    cancelled,
    deliver,
    level,
    names_told,
    open_order,
    receive,
    refusal,
    row_of,
    ship,
)


async def accepted_order(client: Client, inventory: Inventory, sku: str) -> tuple[str, str]:
    """An order of two units that a partner has accepted, and its fulfilment order."""
    await receive(inventory, {(sku, "A"): 2})
    order_id, ffo = await open_order(inventory, (sku, 2))
    for said in ("request", "request", "accept", "accept"):
        assert (await client.post(f"/v1/fulfilment-orders/{ffo}/{said}")).status_code == 200
    return order_id, ffo


async def test_a_partner_who_accepted_decides_on_the_cancellation(
    client: Client, inventory: Inventory
) -> None:
    order_id, ffo = await accepted_order(client, inventory, "p1")
    path = f"/v1/fulfilment-orders/{ffo}/cancellation"

    early = await client.post(path, json={"answer": "accepted"})
    assert refusal(early) == (409, "urn:problem:illegal-transition")
    await deliver(inventory, cancellation_requested(order_id))
    await client.post(path, json={"answer": "refused", "reason": "Packed."})
    await deliver(inventory, cancellation_requested(order_id))
    answer = await client.post(path, json={"answer": "accepted"})
    await deliver(inventory, cancelled(order_id))

    assert (answer.json()["status"], answer.json()["cancellation_status"]) == (
        "cancelled",
        "accepted",
    )
    assert (await names_told(inventory, order_id))[2:] == [
        "fulfilment-requested",
        "fulfilment-accepted",
        "fulfilment-cancellation-requested",
        "cancellation-refused",
        "fulfilment-cancellation-requested",
        "fulfilment-order-cancelled",
        "stock-released",
    ]
    assert await level(inventory, "p1") == (2, 0)


async def test_a_dispatch_meanwhile_is_a_refusal(client: Client, inventory: Inventory) -> None:
    order_id, ffo = await accepted_order(client, inventory, "p2")
    await deliver(inventory, cancellation_requested(order_id))

    assert (await ship(client, ffo, ("p2", 1))).status_code == 201

    assert (await names_told(inventory, order_id))[-2:] == [
        "shipment-dispatched",
        "cancellation-refused",
    ]
    row = await row_of(inventory, order_id)
    assert (row.fulfilment_status, row.cancellation_status) == ("partially_shipped", "refused")
