"""Each invariant holds for every honest history, and sees the lie it is there to see."""

from collections.abc import Awaitable, Callable

import pytest
from inventory.invariants import INVARIANTS
from inventory.work import InventoryWork
from shared.clock import Clock
from shared.database.migrate import migrate
from shared.database.pool import open_pool
from shared.messaging.unit_of_work import Transactions

from tests.integration.inventory.support import (
    Inventory,
    broken_promises,
    confirmed,
    deliver,
    placed,
    receive,
)

LIES = {
    "no-unit-sold-twice": (
        "ALTER TABLE stock DROP CONSTRAINT stock_check; UPDATE stock SET reserved = 11"
    ),
    "reserved-is-held": "UPDATE stock SET reserved = reserved - 1",
    "movements-explain-stock": "UPDATE stock SET on_hand = on_hand + 1",
    "movements-are-append-only": "GRANT UPDATE ON stock_movements TO CURRENT_USER",
    "only-live-orders-hold": "UPDATE order_holds SET status = 'released'",
    "shipped-is-dispatched": "UPDATE holds SET shipped = 1",
    "fulfilment-says-what-left": "UPDATE order_holds SET fulfilment_status = 'shipped'",
    "cancelled-sent-nothing": (
        "UPDATE order_holds SET fulfilment_status = 'cancelled'; UPDATE holds SET shipped = 1"
    ),
}


@pytest.mark.parametrize("name", [one.name for one in INVARIANTS])
async def test_each_invariant_sees_its_lie(
    name: str, database: Callable[[str], Awaitable[str]]
) -> None:
    pool = await open_pool(await database("inventory"), "inventory-lies", connections_max=4)
    async with pool.acquire() as db:
        await migrate(db, "inventory")
    inventory: Inventory = Transactions(pool, Clock(), InventoryWork)
    await receive(inventory, {("mug", "A"): 10})
    order = placed(("mug", 3))
    await deliver(inventory, order, confirmed(order.order_id))
    assert await broken_promises(pool) == {}

    await pool.execute(LIES[name])

    assert name in await broken_promises(pool)
    await pool.close()
