"""An order holds all of its lines or none, and gives back what it held when it ends."""

import asyncpg
import pytest
from asyncpg.connection import LoggedQuery
from shared.errors import LockOrderViolation

from tests.integration.inventory.support import (
    Inventory,
    cancelled,
    confirmed,
    deliver,
    expired,
    handle,
    level,
    names_told,
    placed,
    receive,
    row_of,
    told,
)


async def test_an_order_holds_what_it_wants_and_the_shelf_stays_full(inventory: Inventory) -> None:
    await receive(inventory, {("mug", "A"): 10})
    order = placed(("mug", 4))

    await deliver(inventory, order)

    assert await level(inventory, "mug") == (10, 4)
    assert await told(inventory, order.order_id) == [
        (
            "stock-reserved",
            {
                "order_id": order.order_id,
                "tenant": "default",
                "holds": [{"sku": "mug", "location": "A", "quantity": 4}],
            },
        )
    ]


async def test_a_line_is_spread_over_locations_in_their_order(inventory: Inventory) -> None:
    await receive(inventory, {("lamp", "B"): 3, ("lamp", "A"): 2, ("lamp", "C"): 9})

    await deliver(inventory, placed(("lamp", 6)))

    assert [await level(inventory, "lamp", one) for one in "ABC"] == [(2, 2), (3, 3), (9, 1)]


async def test_holds_nothing_when_two_lines_of_one_sku_exceed_stock(inventory: Inventory) -> None:
    await receive(inventory, {("fork", "A"): 5, ("knife", "A"): 5})
    order = placed(("fork", 3), ("knife", 1), ("fork", 3))

    await deliver(inventory, order)

    assert await level(inventory, "fork") == (5, 0)
    assert await level(inventory, "knife") == (5, 0)
    [(name, data)] = await told(inventory, order.order_id)
    assert name == "stock-rejected"
    assert data["reason"] == "out-of-stock"
    assert data["missing"] == [{"sku": "fork", "requested": 6, "available": 5}]


async def test_two_lines_of_one_sku_may_take_all_there_is(inventory: Inventory) -> None:
    await receive(inventory, {("spoon", "A"): 6})
    order = placed(("spoon", 3), ("spoon", 3))

    await deliver(inventory, order)

    assert await level(inventory, "spoon") == (6, 6)


async def test_a_sku_nobody_ever_received_is_out_of_stock(inventory: Inventory) -> None:
    order = placed(("unicorn", 1))

    await deliver(inventory, order)

    [(_, data)] = await told(inventory, order.order_id)
    assert data["missing"] == [{"sku": "unicorn", "requested": 1, "available": 0}]


async def test_orders_of_one_batch_share_what_there_is(inventory: Inventory) -> None:
    await receive(inventory, {("chair", "A"): 3})
    orders = [placed(("chair", 2)), placed(("chair", 2)), placed(("chair", 1))]

    await deliver(inventory, *orders)

    answers = [await names_told(inventory, order.order_id) for order in orders]
    assert answers == [["stock-reserved"], ["stock-rejected"], ["stock-reserved"]]
    assert await level(inventory, "chair") == (3, 3)


async def test_no_hold_is_taken_when_the_deadline_is_too_close(inventory: Inventory) -> None:
    await receive(inventory, {("desk", "A"): 1})
    order = placed(("desk", 1), deadline_s=-1)

    await deliver(inventory, order)

    [(name, data)] = await told(inventory, order.order_id)
    assert (name, data["reason"]) == ("stock-rejected", "deadline-passed")
    assert await level(inventory, "desk") == (1, 0)


async def test_an_order_that_ends_gives_everything_back(inventory: Inventory) -> None:
    await receive(inventory, {("sofa", "A"): 2, ("sofa", "B"): 2})
    order = placed(("sofa", 3))
    await deliver(inventory, order)

    await deliver(inventory, expired(order.order_id))

    assert await level(inventory, "sofa", "A") == (2, 0)
    assert await level(inventory, "sofa", "B") == (2, 0)
    [_, (name, data)] = await told(inventory, order.order_id)
    assert name == "stock-released"
    assert [hold["quantity"] for hold in data["holds"]] == [2, 1]


async def test_ending_twice_gives_back_once(inventory: Inventory) -> None:
    await receive(inventory, {("rug", "A"): 2})
    order = placed(("rug", 1))
    await deliver(inventory, order, expired(order.order_id))

    await deliver(inventory, expired(order.order_id))

    assert await names_told(inventory, order.order_id) == ["stock-reserved", "stock-released"]
    assert await level(inventory, "rug") == (2, 0)


async def test_an_order_placed_and_ended_in_one_batch_leaves_no_hold(inventory: Inventory) -> None:
    await receive(inventory, {("bowl", "A"): 1})
    order, next_order = placed(("bowl", 1)), placed(("bowl", 1))

    await deliver(inventory, order, expired(order.order_id))
    await deliver(inventory, next_order)

    assert await names_told(inventory, order.order_id) == ["stock-reserved", "stock-released"]
    assert await names_told(inventory, next_order.order_id) == ["stock-reserved"]


async def test_nothing_is_told_when_an_order_ends_that_held_nothing(inventory: Inventory) -> None:
    order = placed(("nowhere", 1))
    await deliver(inventory, order)

    await deliver(inventory, expired(order.order_id))

    assert await names_told(inventory, order.order_id) == ["stock-rejected"]


async def test_an_order_that_ended_before_it_was_heard_of_is_never_held(
    inventory: Inventory,
) -> None:
    await receive(inventory, {("vase", "A"): 1})
    order = placed(("vase", 1))

    await deliver(inventory, cancelled(order.order_id))
    await deliver(inventory, order)

    assert await level(inventory, "vase") == (1, 0)
    assert await names_told(inventory, order.order_id) == []
    assert (await row_of(inventory, order.order_id)).status == "released"


async def test_placed_again_under_another_event_id_is_held_once(inventory: Inventory) -> None:
    await receive(inventory, {("tray", "A"): 5})
    order = placed(("tray", 2))

    await deliver(inventory, order)
    await deliver(inventory, order)

    assert await level(inventory, "tray") == (5, 2)


async def test_an_order_that_ends_unsent_closes_its_fulfilment_order(inventory: Inventory) -> None:
    await receive(inventory, {("pan", "A"): 1})
    order = placed(("pan", 1))
    await deliver(inventory, order, confirmed(order.order_id))

    await deliver(inventory, cancelled(order.order_id))

    assert await names_told(inventory, order.order_id) == [
        "stock-reserved",
        "fulfilment-order-opened",
        "fulfilment-order-cancelled",
        "stock-released",
    ]


async def test_movements_cannot_be_rewritten(inventory: Inventory) -> None:
    await receive(inventory, {("clock", "A"): 1})

    for change in ("UPDATE stock_movements SET quantity = 2", "DELETE FROM stock_movements"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await inventory.pool.execute(change)


async def test_the_database_itself_refuses_to_oversell(inventory: Inventory) -> None:
    await receive(inventory, {("ring", "A"): 1})

    for change in ("reserved = 2", "reserved = -1", "on_hand = -1"):
        with pytest.raises(asyncpg.CheckViolationError):
            await inventory.pool.execute(f"UPDATE stock SET {change} WHERE sku = 'ring'")


async def test_a_batch_costs_as_many_statements_as_one_order(inventory: Inventory) -> None:
    await receive(inventory, {("hot", "A"): 1_000, ("warm", "B"): 1_000})

    async def statements(orders: int) -> int:
        batch = [placed(("hot", 1), ("warm", 1)) for _ in range(orders)]
        async with inventory.begin() as work:
            with work.db.query_logger(seen.append):
                await handle(work, batch)
                await work.flush()
        return len(seen)

    seen: list[LoggedQuery] = []
    alone = await statements(1)
    seen.clear()

    assert await statements(100) == alone == 3


async def test_stock_is_locked_once_per_transaction(inventory: Inventory) -> None:
    async with inventory.begin() as work:
        await work.lock_stock(["mug"])

        with pytest.raises(LockOrderViolation):
            await work.lock_stock(["lamp"])
