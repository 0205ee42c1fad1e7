"""Inventory's SQL: each statement once, over everything its transaction needs."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from asyncpg import Record
from shared.contracts import topics
from shared.contracts.inventory import ShipmentLine
from shared.database import Db
from shared.database.writes import Writer
from shared.messaging.order_table import OrderTable

from inventory.domain.carriage import Checkpoint
from inventory.domain.fulfilment import Shipment
from inventory.domain.order import OrderHolds
from inventory.domain.stock import HeldStock, Level, Movement, Place

ORDER_HOLDS = OrderTable(
    name="order_holds",
    row=OrderHolds,
    columns={
        "order_id": "text",
        "tenant": "text",
        "status": "text",
        "fulfilment_order_id": "text",
        "fulfilment_status": "text",
        "fulfilment_opened_at": "timestamptz",
        "processing_started_at": "timestamptz",
        "sellers": "jsonb",
        "request_status": "text",
        "cancellation_status": "text",
    },
    sequences={topics.INVENTORY: "inventory_sequence", topics.FULFILMENT: "fulfilment_sequence"},
)

_ADD_PLACES = """
INSERT INTO stock (sku, location)
SELECT u.sku COLLATE "C", u.location COLLATE "C" FROM unnest($1::text[], $2::text[])
    u(sku, location) ORDER BY 1, 2
ON CONFLICT DO NOTHING
"""
_LOCK_STOCK = """
SELECT sku, location, on_hand, reserved FROM stock
WHERE sku = ANY($1::text[]) ORDER BY sku, location FOR NO KEY UPDATE
"""
_CHANGE_STOCK = """
UPDATE stock s SET on_hand = s.on_hand + u.on_hand, reserved = s.reserved + u.reserved
FROM unnest($1::text[], $2::text[], $3::integer[], $4::integer[])
    u(sku, location, on_hand, reserved)
WHERE s.sku = u.sku AND s.location = u.location
"""
_ADD_MOVEMENTS = """
INSERT INTO stock_movements (kind, sku, location, quantity, order_id, reason, moved_at)
SELECT u.kind, u.sku, u.location, u.quantity, u.order_id, u.reason, $7
FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::text[], $6::text[])
    WITH ORDINALITY u(kind, sku, location, quantity, order_id, reason, n)
ORDER BY u.n
"""
_READ_HOLDS = """
SELECT order_id, sku, location, quantity, shipped, released FROM holds
WHERE order_id = ANY($1::text[])
"""
_SAVE_HOLDS = """
INSERT INTO holds AS h (order_id, sku, location, quantity, shipped, released)
SELECT * FROM
    unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::integer[], $6::integer[])
ON CONFLICT (order_id, sku, location)
DO UPDATE SET shipped = EXCLUDED.shipped, released = EXCLUDED.released
"""
_ADD_SHIPMENT = """
INSERT INTO shipments (shipment_id, order_id, fulfilment_order_id, carrier, tracking_number,
    dispatched_at)
VALUES ($1, $2, $3, $4, $5, $6)
"""
_ADD_SHIPMENT_LINES = """
INSERT INTO shipment_lines (shipment_id, sku, quantity)
SELECT $1, u.sku, u.quantity FROM unnest($2::text[], $3::integer[]) u(sku, quantity)
"""
_SHIPMENTS = """
SELECT s.shipment_id, s.order_id, s.fulfilment_order_id, s.carrier, s.tracking_number,
    s.dispatched_at, s.delivered_at, l.skus, l.quantities, e.*
FROM shipments s CROSS JOIN LATERAL (
    SELECT array_agg(sku ORDER BY sku) AS skus, array_agg(quantity ORDER BY sku) AS quantities
    FROM shipment_lines WHERE shipment_id = s.shipment_id
) l CROSS JOIN LATERAL (
    SELECT array_agg(status ORDER BY id) AS statuses,
        array_agg(occurred_at ORDER BY id) AS occurred,
        array_agg(recorded_at ORDER BY id) AS recorded, array_agg(note ORDER BY id) AS notes
    FROM shipment_events WHERE shipment_id = s.shipment_id
) e
"""
_SHIPMENTS_OF = f"{_SHIPMENTS} WHERE s.order_id = ANY($1::text[]) ORDER BY s.shipment_id"
_SHIPMENT = f"{_SHIPMENTS} WHERE s.shipment_id = $1"
_DELIVER = """
UPDATE shipments SET delivered_at = $2 WHERE shipment_id = $1 AND delivered_at IS NULL
"""
_ADD_CHECKPOINT = """
INSERT INTO shipment_events (shipment_id, status, occurred_at, recorded_at, note)
VALUES ($1, $2, $3, $4, $5)
"""
_UNDELIVERED = "SELECT count(*) FROM shipments WHERE order_id = $1 AND delivered_at IS NULL"
_ORDER_OF = "SELECT order_id FROM order_holds WHERE fulfilment_order_id = $1"
_FULFILMENT_ORDERS = """
SELECT order_id, tenant, status, fulfilment_order_id, fulfilment_status, fulfilment_opened_at,
    processing_started_at, request_status, cancellation_status
FROM order_holds
WHERE fulfilment_order_id > $1 AND ($2::text IS NULL OR order_id = $2)
  AND ($3::text IS NULL OR $3 = CASE
    WHEN fulfilment_status = 'open' AND processing_started_at IS NOT NULL THEN 'processing'
    ELSE fulfilment_status END)
ORDER BY fulfilment_order_id LIMIT $4
"""
_LEVELS = "SELECT sku, location, on_hand, reserved FROM stock WHERE sku = $1 ORDER BY location"


async def add_places(db: Db, places: Collection[Place]) -> None:
    """Make a row, with nothing in it, for each place that has none."""
    await db.execute(
        _ADD_PLACES, [place.sku for place in places], [place.location for place in places]
    )


async def lock_stock(db: Db, skus: Collection[str]) -> dict[Place, Level]:
    """Lock every location of ``skus``, in (SKU, location) order."""
    return _levels(await db.fetch(_LOCK_STOCK, list(skus)))


async def read_levels(db: Db, sku: str) -> dict[Place, Level]:
    """Every location of ``sku``, without a lock."""
    return _levels(await db.fetch(_LEVELS, sku))


async def change_stock(db: Writer, changes: Mapping[Place, Level]) -> None:
    """Add the differences. The table's checks refuse what would oversell."""
    await db.execute(
        _CHANGE_STOCK,
        [place.sku for place in changes],
        [place.location for place in changes],
        [level.on_hand for level in changes.values()],
        [level.reserved for level in changes.values()],
    )


async def add_movements(db: Writer, movements: Collection[Movement], now: datetime) -> None:
    await db.execute(
        _ADD_MOVEMENTS,
        [one.kind for one in movements],
        [one.place.sku for one in movements],
        [one.place.location for one in movements],
        [one.quantity for one in movements],
        [one.order_id for one in movements],
        [one.reason for one in movements],
        now,
    )


async def read_holds(db: Db, order_ids: Collection[str]) -> list[HeldStock]:
    """All that these orders ever took; stable while their rows are locked."""
    records = await db.fetch(_READ_HOLDS, list(order_ids))
    return [
        HeldStock(
            one["order_id"],
            Place(one["sku"], one["location"]),
            one["quantity"],
            one["shipped"],
            one["released"],
        )
        for one in records
    ]


async def save_holds(db: Writer, holds: Collection[HeldStock]) -> None:
    await db.execute(
        _SAVE_HOLDS,
        [hold.order_id for hold in holds],
        [hold.place.sku for hold in holds],
        [hold.place.location for hold in holds],
        [hold.quantity for hold in holds],
        [hold.shipped for hold in holds],
        [hold.released for hold in holds],
    )


async def order_of(db: Db, fulfilment_order_id: str) -> str | None:
    order_id: str | None = await db.fetchval(_ORDER_OF, fulfilment_order_id)
    return order_id


async def read_fulfilment_orders(
    db: Db, after: str, order_id: str | None, status: str | None, limit: int
) -> list[OrderHolds]:
    """The first ``limit`` with a larger id than ``after``, the oldest first."""
    records = await db.fetch(_FULFILMENT_ORDERS, after, order_id, status, limit)
    return [OrderHolds(**one) for one in records]


async def add_shipment(db: Db, shipment: Shipment) -> None:
    await db.execute(
        _ADD_SHIPMENT,
        shipment.shipment_id,
        shipment.order_id,
        shipment.fulfilment_order_id,
        shipment.carrier,
        shipment.tracking_number,
        shipment.dispatched_at,
    )
    await db.execute(
        _ADD_SHIPMENT_LINES,
        shipment.shipment_id,
        [line.sku for line in shipment.lines],
        [line.quantity for line in shipment.lines],
    )


async def deliver_shipment(db: Db, shipment_id: str, delivered_at: datetime) -> None:
    await db.execute(_DELIVER, shipment_id, delivered_at)


async def add_checkpoint(db: Db, shipment_id: str, told: Checkpoint) -> None:
    await db.execute(
        _ADD_CHECKPOINT, shipment_id, told.status, told.occurred_at, told.recorded_at, told.note
    )


async def count_undelivered(db: Db, order_id: str) -> int:
    count: int = await db.fetchval(_UNDELIVERED, order_id)
    return count


async def read_shipment(db: Db, shipment_id: str) -> Shipment | None:
    record = await db.fetchrow(_SHIPMENT, shipment_id)
    return None if record is None else _shipment(record)


async def read_shipments(db: Db, order_ids: Collection[str]) -> list[Shipment]:
    return [_shipment(one) for one in await db.fetch(_SHIPMENTS_OF, list(order_ids))]


def _levels(records: Iterable[Record]) -> dict[Place, Level]:
    return {
        Place(one["sku"], one["location"]): Level(one["on_hand"], one["reserved"])
        for one in records
    }


def _shipment(record: Record) -> Shipment:
    values: dict[str, Any] = dict(record)
    lines = zip(values.pop("skus"), values.pop("quantities"), strict=True)
    told = [values.pop(name) or () for name in ("statuses", "occurred", "recorded", "notes")]
    return Shipment(
        **values,
        lines=tuple(ShipmentLine(sku=sku, quantity=units) for sku, units in lines),
        checkpoints=tuple(Checkpoint(*one) for one in zip(*told, strict=True)),
    )
