"""What the services' tables say at the end of a seed, as the judges want it."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from asyncpg import Pool
from inventory.domain.stock import HeldStock, Level, Place
from inventory.store import ORDER_HOLDS
from orders.work import ORDERS
from payments.domain.attempts import Attempt
from payments.domain.ledger import Entry
from payments.store import PAYMENTS
from shared.messaging.order_table import OrderTable

from tests.simulation.system import SERVICES, Picture

Pools = Mapping[str, "Pool[Any]"]

# Of each order the oldest row that is not done; the others wait for it.
_WORK_DUE = """
SELECT min(greatest(c.not_before, c.lease_until)) FROM work_rows c
WHERE NOT c.done AND NOT EXISTS (
    SELECT 1 FROM work_rows e WHERE e.order_id = c.order_id AND e.id < c.id AND NOT e.done)
"""
_LEFT = """
SELECT (SELECT count(*) FROM parked_keys) AS parked,
    (SELECT count(*) FROM work_rows WHERE NOT done) AS work_open,
    (SELECT count(*) FROM outbox) AS unsent
"""


async def next_due(pools: Pools) -> datetime | None:
    """When a timer, a worker or a sweep next has something to do."""
    moments = [await pool.fetchval(_WORK_DUE) for pool in pools.values()]
    moments += [
        await pools["payments"].fetchval("SELECT min(next_sweep_at) FROM payment_attempts"),
        await pools["orders"].fetchval(
            "SELECT min(deadline_at) FROM orders WHERE status = 'pending'"
        ),
    ]
    return min((one for one in moments if one is not None), default=None)


async def picture(pools: Pools) -> Picture:
    orders, payments, inventory = (pools[one] for one in SERVICES[:3])
    left = [await pool.fetchrow(_LEFT) for pool in pools.values()]
    references = await orders.fetch("SELECT client_reference, order_id FROM order_references")
    stock = await inventory.fetch("SELECT sku, location, on_hand, reserved FROM stock")
    holds = await inventory.fetch(
        "SELECT order_id, sku, location, quantity, shipped, released FROM holds"
    )
    messages = await pools["notifications"].fetch(
        "SELECT order_id, kind, detail, message_id FROM messages"
    )
    return Picture(
        orders=await _rows(orders, ORDERS),
        payments=await _rows(payments, PAYMENTS),
        attempts=await _all(payments, "payment_attempts", Attempt),
        ledger=await _all(payments, "ledger_entries", Entry),
        holds=await _rows(inventory, ORDER_HOLDS),
        stock={
            Place(one["sku"], one["location"]): Level(one["on_hand"], one["reserved"])
            for one in stock
        },
        held=[
            HeldStock(
                one["order_id"],
                Place(one["sku"], one["location"]),
                one["quantity"],
                one["shipped"],
                one["released"],
            )
            for one in holds
        ],
        references={one["client_reference"]: one["order_id"] for one in references},
        messages=[tuple(one) for one in messages],
        parked=sum(one["parked"] for one in left if one),
        work_open=sum(one["work_open"] for one in left if one),
        unsent=sum(one["unsent"] for one in left if one),
    )


async def _rows(pool: "Pool[Any]", table: OrderTable[Any]) -> dict[str, Any]:
    found = await pool.fetch(f"SELECT {', '.join(table.columns)} FROM {table.name}")
    return {one["order_id"]: table._row(one) for one in found}


async def _all(pool: "Pool[Any]", table: str, kind: type[Any]) -> list[Any]:
    names = [one.name for one in fields(kind)]
    found = await pool.fetch(f"SELECT {', '.join(names)} FROM {table}")
    return [kind(**one) for one in found]
