"""What runs at the same time never sells a unit twice, never deadlocks, and has one winner."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeAlias

import asyncpg
from inventory import actions
from inventory.app import HANDLERS
from inventory.bodies import ShipmentBody, ShippedLineBody
from inventory.work import InventoryWork
from shared.contracts.event import Event
from shared.contracts.orders import OrderPlaced
from shared.http.problem import Problem
from shared.messaging.batch import rounds
from shared.messaging.unit_of_work import Rank, Transactions

from tests.integration.inventory.support import (
    Inventory,
    cancellation_requested,
    confirmed,
    deliver,
    expired,
    handle,
    level,
    names_told,
    placed,
    receive,
    row_of,
)
from tests.support import logs

Way: TypeAlias = Callable[[InventoryWork, Iterable[Event]], Awaitable[None]]

ROUNDS = 200
LAST_UNITS = 500
TASKS = 8
BATCHES = 25
SKUS = [f"sku-{n:02}" for n in range(12)]


async def test_the_last_unit_is_sold_once(inventory: Inventory) -> None:
    for n in range(LAST_UNITS):
        sku = f"last-{n}"
        await receive(inventory, {(sku, "A"): 1})
        orders = [placed((sku, 1)), placed((sku, 1))]

        await asyncio.gather(*(deliver(inventory, order) for order in orders))

        answers = [await names_told(inventory, order.order_id) for order in orders]
        assert sorted(answers) == [["stock-rejected"], ["stock-reserved"]]
        assert await level(inventory, sku) == (1, 1)


async def test_a_released_unit_is_sold_to_one_of_two(inventory: Inventory) -> None:
    for n in range(ROUNDS // 4):
        sku = f"again-{n}"
        await receive(inventory, {(sku, "A"): 1})
        first, orders = placed((sku, 1)), [placed((sku, 1)), placed((sku, 1))]
        await deliver(inventory, first)

        await asyncio.gather(
            deliver(inventory, expired(first.order_id)),
            *(deliver(inventory, order) for order in orders),
        )

        answers = [await names_told(inventory, order.order_id) for order in orders]
        assert answers.count(["stock-reserved"]) <= 1
        assert (await level(inventory, sku))[1] == answers.count(["stock-reserved"])


async def test_opposite_orders_never_deadlock(inventory: Inventory) -> None:
    await receive(inventory, {(sku, at): 1_000_000 for sku in SKUS for at in "AB"})

    assert await _storm(inventory, handle) == []


async def test_stock_locked_by_each_round_does_deadlock(inventory: Inventory) -> None:
    """The counterexample: the test above can fail."""
    await receive(inventory, {(sku, at): 1_000_000 for sku in SKUS for at in "AB"})
    careless: Inventory = Transactions(inventory.pool, inventory.clock, CarelessWork)

    failures = await _storm(careless, handle_carelessly)
    logs.planted[await inventory.pool.fetchval("SELECT current_database()")] += len(failures)

    assert {type(one) for one in failures} == {asyncpg.DeadlockDetectedError}


async def test_a_cancellation_and_a_dispatch_have_one_winner(inventory: Inventory) -> None:
    winners = [await _cancel_against_dispatch(inventory, n) for n in range(ROUNDS)]

    assert set(winners) == {"cancellation", "dispatch"}


async def test_two_parcels_never_send_more_than_is_held(inventory: Inventory) -> None:
    for n in range(ROUNDS // 4):
        sku = f"parcel-{n}"
        ffo = await _open_order(inventory, sku, units=3)

        sent = await asyncio.gather(*(_dispatch(inventory, ffo, sku, 2) for _ in range(2)))

        assert sorted(sent) == [False, True]
        assert await level(inventory, sku) == (1, 1)


async def test_receipts_of_new_skus_in_opposite_order_never_deadlock(
    inventory: Inventory,
) -> None:
    for n in range(ROUNDS // 4):
        # So many that the receipts meet while they insert.
        skus = [f"new-{n}-{m:02}" for m in range(60)]
        units = [{(sku, "A"): 1 for sku in skus[::way]} for way in (1, -1, 1, -1)]

        await asyncio.gather(*(receive(inventory, one) for one in units))

        found = await inventory.pool.fetch(
            "SELECT on_hand, reserved FROM stock WHERE sku = ANY($1)", skus
        )
        assert [tuple(one) for one in found] == [(4, 0)] * len(skus)


async def _cancel_against_dispatch(inventory: Inventory, n: int) -> str:
    sku = f"race-{n}"
    ffo = await _open_order(inventory, sku, units=1)
    order_id = await inventory.pool.fetchval(
        "SELECT order_id FROM order_holds WHERE fulfilment_order_id = $1", ffo
    )

    sent, _ = await asyncio.gather(
        _after_a_moment(_dispatch(inventory, ffo, sku, 1)),
        _after_a_moment(deliver(inventory, cancellation_requested(order_id))),
    )

    told = (await names_told(inventory, order_id))[2:]
    status = (await row_of(inventory, order_id)).fulfilment_status
    if sent:
        assert (told, status) == (["shipment-dispatched", "cancellation-refused"], "shipped")
        return "dispatch"
    assert (told, status) == (["fulfilment-order-cancelled"], "cancelled")
    assert await level(inventory, sku) == (1, 1)
    return "cancellation"


async def _after_a_moment(act: Awaitable[bool | None]) -> bool | None:
    await asyncio.sleep(random.uniform(0, 0.003))
    return await act


async def _open_order(inventory: Inventory, sku: str, units: int) -> str:
    await receive(inventory, {(sku, "A"): units})
    order = placed((sku, units))
    await deliver(inventory, order, confirmed(order.order_id))
    ffo = (await row_of(inventory, order.order_id)).fulfilment_order_id
    assert ffo is not None
    return ffo


async def _dispatch(inventory: Inventory, ffo: str, sku: str, units: int) -> bool:
    """Whether the parcel left."""
    line = ShippedLineBody(sku=sku, quantity=units)
    body = ShipmentBody(lines=[line], carrier="DHL", tracking_number="T")
    try:
        async with inventory.begin() as work:
            await actions.dispatch_shipment(work, ffo, body)
    except Problem as refused:
        if refused.name not in ("illegal-transition", "shipment-exceeds-holds"):
            raise
        return False
    return True


class CarelessWork(InventoryWork):
    """Takes stock locks when a handler needs them, as one would without thinking of batches."""

    async def prepare(self, events: Sequence[Event]) -> None:
        await self.save()
        await self.writes.run()
        self._rank = Rank.ORDERS
        await super().prepare(events)


async def handle_carelessly(work: InventoryWork, events: Iterable[Event]) -> None:
    batch = list(events)
    await work.lock_orders(await work.claim(batch))
    for one_round in rounds(batch):
        for same_type in one_round:
            await work.prepare(same_type)
            await HANDLERS[type(same_type[0])](same_type, work)


async def _storm(inventory: Inventory, way: Way) -> list[BaseException]:
    """Many batches at once, placing orders for several SKUs and ending earlier ones.

    Gives what failed; it stops at the first failure.
    """
    failures: list[BaseException] = []
    await asyncio.gather(*(_batches(inventory, way, failures) for _ in range(TASKS)))
    return failures


async def _batches(inventory: Inventory, way: Way, failures: list[BaseException]) -> None:
    ending: list[OrderPlaced] = []
    for _ in range(BATCHES):
        orders = [placed(*((sku, 1) for sku in random.sample(SKUS, 3))) for _ in range(3)]
        ended = [expired(order.order_id) for order in [*ending, orders[0]]]
        try:
            async with inventory.begin() as work:
                await way(work, [*orders, *ended])
        except asyncpg.PostgresError as error:
            failures.append(error)
        if failures:
            return
        ending = orders[1:]
