"""What the services' tables say at rest, and what is due next by them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias

from asyncpg import Pool, Record
from inventory.domain.order import OrderHolds
from inventory.domain.stock import HeldStock, Level, Place
from inventory.invariants import INVARIANTS as INVENTORY
from inventory.store import ORDER_HOLDS
from notifications.invariants import INVARIANTS as NOTIFICATIONS
from orders.domain.order import Order
from orders.invariants import INVARIANTS as ORDERS_INVARIANTS
from orders.work import ORDERS
from payments.domain.attempts import Attempt
from payments.domain.ledger import Entry
from payments.domain.payment import Payment
from payments.invariants import INVARIANTS as PAYMENTS_INVARIANTS
from payments.store import PAYMENTS
from payments.store.payments import _ATTEMPT_COLUMNS
from shared.messaging.order_table import OrderTable
from shared.service import Invariant

from tests.simulation.system import SERVICES, Picture

Pools: TypeAlias = "dict[str, Pool[Any]]"

_WORK_DUE = """
SELECT min(greatest(c.not_before, c.lease_until)) FROM work_rows c
WHERE NOT c.done AND NOT EXISTS (
    SELECT 1 FROM work_rows e WHERE e.order_id = c.order_id AND e.id < c.id AND NOT e.done)
"""
_SWEEP_DUE = "SELECT min(next_sweep_at) FROM payment_attempts"
_DEADLINE = "SELECT min(deadline_at) FROM orders WHERE status = 'pending'"
_ATTEMPTS = f"SELECT {_ATTEMPT_COLUMNS} FROM payment_attempts"
_LEDGER = """
SELECT tx_id, account, amount_minor, currency, order_id, operation, number, provider_reference
FROM ledger_entries
"""
_STOCK = "SELECT sku, location, on_hand, reserved FROM stock"
_HOLDS = "SELECT order_id, sku, location, quantity, shipped, released FROM holds"
_REFERENCES = "SELECT client_reference, order_id FROM order_references"
_MESSAGES = "SELECT order_id, kind, detail, message_id FROM messages ORDER BY message_id"
_COUNTS = {
    "parked": "SELECT count(*) FROM parked_keys",
    "work_open": "SELECT count(*) FROM work_rows WHERE NOT done",
    "unsent": "SELECT count(*) FROM outbox",
}
PROMISES: dict[str, Sequence[Invariant]] = {
    "orders": ORDERS_INVARIANTS,
    "payments": PAYMENTS_INVARIANTS,
    "inventory": INVENTORY,
    "notifications": NOTIFICATIONS,
}


async def next_due(pools: Pools) -> datetime | None:
    moments = [await pools[one].fetchval(_WORK_DUE) for one in ("payments", "notifications")]
    moments.append(await pools["payments"].fetchval(_SWEEP_DUE))
    moments.append(await pools["orders"].fetchval(_DEADLINE))
    return min((one for one in moments if one is not None), default=None)


async def picture(pools: Pools) -> Picture:
    """Everything the judges look at, read once all is at rest."""
    orders, payments, inventory, notifications = (pools[one] for one in SERVICES)
    counts = dict.fromkeys(_COUNTS, 0)
    for pool in pools.values():
        for name, statement in _COUNTS.items():
            counts[name] += await pool.fetchval(statement)
    return Picture(
        orders={one["order_id"]: Order(**one) for one in await _rows(orders, ORDERS)},
        payments={one["order_id"]: Payment(**one) for one in await _rows(payments, PAYMENTS)},
        attempts=[Attempt(**one) for one in await payments.fetch(_ATTEMPTS)],
        ledger=[Entry(**one) for one in await payments.fetch(_LEDGER)],
        holds={one["order_id"]: OrderHolds(**one) for one in await _rows(inventory, ORDER_HOLDS)},
        stock={
            Place(one["sku"], one["location"]): Level(one["on_hand"], one["reserved"])
            for one in await inventory.fetch(_STOCK)
        },
        held=[_held(one) for one in await inventory.fetch(_HOLDS)],
        references={one[0]: one[1] for one in await orders.fetch(_REFERENCES)},
        messages=[(one[0], one[1], one[2], one[3]) for one in await notifications.fetch(_MESSAGES)],
        parked=counts["parked"],
        work_open=counts["work_open"],
        unsent=counts["unsent"],
    )


async def broken_promises(pools: Pools) -> dict[str, list[str]]:
    """What the services' own invariants find, by their names."""
    broken: dict[str, list[str]] = {}
    for service, promises in PROMISES.items():
        for one in promises:
            if found := await pools[service].fetch(one.query):
                broken[f"{service}: {one.name}"] = [str(row[0]) for row in found]
    return broken


async def _rows(pool: "Pool[Any]", table: OrderTable[Any]) -> list[Record]:
    return await pool.fetch(f"SELECT {', '.join(table.columns)} FROM {table.name}")


def _held(row: Record) -> HeldStock:
    place = Place(row["sku"], row["location"])
    return HeldStock(row["order_id"], place, row["quantity"], row["shipped"], row["released"])
