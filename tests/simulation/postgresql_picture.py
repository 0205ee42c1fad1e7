"""What the services' tables say at the end of a seed, as the judges want it."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from asyncpg import Pool
from inventory import invariants as inventory
from inventory.domain.stock import HeldStock, Level, Place
from inventory.store import ORDER_HOLDS
from notifications import invariants as notifications
from orders import invariants as orders
from orders.work import ORDERS
from payments import invariants as payments
from payments.domain.attempts import Attempt
from payments.domain.ledger import Entry
from payments.domain.payment import Payment
from payments.store import PAYMENTS
from shared.invariants.check import check
from shared.invariants.common import COMMON
from shared.messaging.order_table import OrderTable
from shared.service import Invariant

from tests.simulation.system import SERVICES, Picture

Pools = Mapping[str, "Pool[Any]"]
PROMISES: Mapping[str, Sequence[Invariant]] = {
    "orders": orders.INVARIANTS,
    "payments": payments.INVARIANTS,
    "inventory": inventory.INVARIANTS,
    "notifications": notifications.INVARIANTS,
}
PROMISE_S_MAX = 5.0

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


async def payments_of(pools: Pools) -> dict[str, Payment]:
    """Every payment by its order."""
    return await _rows(pools["payments"], PAYMENTS)


async def picture(pools: Pools) -> Picture:
    told, paid, stocked, mailed = (pools[one] for one in SERVICES)
    left = [await pool.fetchrow(_LEFT) for pool in pools.values()]
    references = await told.fetch("SELECT client_reference, order_id FROM order_references")
    stock = await stocked.fetch("SELECT sku, location, on_hand, reserved FROM stock")
    holds = await stocked.fetch(
        "SELECT order_id, sku, location, quantity, shipped, released FROM holds"
    )
    messages = await mailed.fetch("SELECT order_id, kind, detail, message_id FROM messages")
    return Picture(
        orders=await _rows(told, ORDERS),
        payments=await payments_of(pools),
        attempts=await _all(paid, "payment_attempts", Attempt),
        ledger=await _all(paid, "ledger_entries", Entry),
        holds=await _rows(stocked, ORDER_HOLDS),
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
        broken_promises=await _broken_promises(pools),
    )


async def _broken_promises(pools: Pools) -> list[str]:
    """What the services find themselves; a promise that cannot be checked is not kept."""
    found = []
    for service, pool in pools.items():
        for verdict in await check(pool, (*PROMISES[service], *COMMON), PROMISE_S_MAX):
            if verdict.broken or verdict.unchecked:
                told = verdict.unchecked or " ".join(verdict.named)
                found.append(f"{service} does not keep {verdict.name}: {told}")
    return found


async def _rows(pool: "Pool[Any]", table: OrderTable[Any]) -> dict[str, Any]:
    found = await pool.fetch(f"SELECT {', '.join(table.columns)} FROM {table.name}")
    return {one["order_id"]: table._row(one) for one in found}


async def _all(pool: "Pool[Any]", table: str, kind: type[Any]) -> list[Any]:
    names = [one.name for one in fields(kind)]
    found = await pool.fetch(f"SELECT {', '.join(names)} FROM {table}")
    return [kind(**one) for one in found]
