"""The orders service's SQL beside the order rows."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asyncpg import Record
from shared.contracts.storefront import Submission
from shared.database import Db
from shared.database.writes import Writer

from orders.domain.order import Order

_CLAIM_REFERENCES = """
INSERT INTO order_references (tenant, client_reference, order_id, body_hash)
SELECT $1, u.name, u.order_id, u.body_hash
FROM unnest($2::text[], $3::text[], $4::bytea[]) u(name, order_id, body_hash)
ORDER BY u.name COLLATE "C"
ON CONFLICT DO NOTHING RETURNING client_reference
"""
_READ_REFERENCES = """
SELECT client_reference, order_id, body_hash FROM order_references
WHERE tenant = $1 AND client_reference = ANY($2::text[])
"""
_INSERT_DETAILS = """
INSERT INTO order_details (order_id, channel, locale, customer_id, personal,
    purchase_order_number, campaign, metadata)
SELECT u.order_id, u.channel, u.locale, u.customer_id, u.personal::jsonb, u.po, u.campaign,
    u.metadata::jsonb
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
    $8::text[]) u(order_id, channel, locale, customer_id, personal, po, campaign, metadata)
"""
_INSERT_LINES = """
INSERT INTO order_lines (order_id, line_number, sku, quantity, unit_price_minor, description,
    seller_id)
SELECT * FROM unnest($1::text[], $2::int[], $3::text[], $4::int[], $5::bigint[], $6::text[],
    $7::text[])
"""
_NOTE_PARTNER_ASKED = """
INSERT INTO partner_cancellations (order_id, asked_at)
SELECT u, $2 FROM unnest($1::text[]) u
ON CONFLICT (order_id) DO UPDATE SET asked_at = EXCLUDED.asked_at
"""
_INSERT_TRANSITIONS = """
INSERT INTO order_transitions (order_id, version, status, payment, stock, fulfilment, cause,
    event_id, at)
SELECT u.*, $9 FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[],
    $7::text[], $8::text[]) u
"""
_COUNT_REFUSALS = """
INSERT INTO refusals (client_reference, last_sequence)
SELECT u.name, u.more FROM unnest($1::text[], $2::int[]) u(name, more)
ORDER BY u.name COLLATE "C"
ON CONFLICT (client_reference)
    DO UPDATE SET last_sequence = refusals.last_sequence + excluded.last_sequence
RETURNING client_reference, last_sequence
"""
_PAST_DEADLINE = """
SELECT order_id FROM orders WHERE status = 'pending' AND deadline_at <= $1
ORDER BY deadline_at LIMIT $2
"""
_NEXT_DEADLINE = "SELECT min(deadline_at) FROM orders WHERE status = 'pending'"
_MANY_PENDING = """
SELECT count(*) > $1 FROM (SELECT 1 FROM orders WHERE status = 'pending' LIMIT $1 + 1) p
"""
_FIND = """
SELECT o.*, d.channel, d.locale, d.customer_id, d.personal, d.purchase_order_number, d.campaign,
    d.metadata
FROM orders o JOIN order_details d USING (order_id)
WHERE o.order_id = ANY($1::text[])
"""
_LINES = """
SELECT order_id, sku, quantity, unit_price_minor, description, seller_id
FROM order_lines WHERE order_id = ANY($1::text[]) ORDER BY order_id, line_number
"""
_SUMMARIES = """
SELECT order_id, status, fulfilment, version FROM orders WHERE order_id = ANY($1::text[])
"""
_TIMELINE = """
SELECT order_id, version, status, payment, stock, fulfilment, cause, event_id, at
FROM order_transitions WHERE order_id = $1 AND version > $2 ORDER BY version
"""
# The API's one word for an order, as the index of the migration has it.
SUMMARY = """
CASE WHEN o.status IN ('confirmed', 'completed')
    AND o.fulfilment IN ('partially_shipped', 'shipped', 'delivered')
THEN o.fulfilment ELSE o.status END
"""
# Each condition is a range of an index; a page is cut from it without a sort.
_FILTERS = {
    "status": SUMMARY + " = {}",
    "channel": "d.channel = {}",
    "customer_id": "d.customer_id = {}",
    "client_reference": """
        o.order_id = (SELECT order_id FROM order_references
            WHERE tenant = 'default' AND client_reference = {})""",
    "before": "o.order_id < {0} AND d.order_id < {0}",
}
_PAGE = """
SELECT o.order_id FROM orders o JOIN order_details d USING (order_id)
WHERE {} ORDER BY o.order_id DESC LIMIT $1
"""


@dataclass(frozen=True, slots=True)
class Transition:
    """An order as it was after ``cause``, an event's type or a request's name."""

    order: Order
    cause: str
    event_id: str


async def insert_references(
    db: Db, tenant: str, proposed: Mapping[str, tuple[str, bytes]]
) -> set[str]:
    """Insert (reference → order id, body hash) in order; gives the references that were new."""
    names = list(proposed)
    ids = [proposed[name][0] for name in names]
    hashes = [proposed[name][1] for name in names]
    return {one[0] for one in await db.fetch(_CLAIM_REFERENCES, tenant, names, ids, hashes)}


async def read_references(
    db: Db, tenant: str, names: Collection[str]
) -> dict[str, tuple[str, bytes]]:
    """A statement after the insert: it sees what another transaction has just committed."""
    found = await db.fetch(_READ_REFERENCES, tenant, list(names))
    return {one["client_reference"]: (one["order_id"], one["body_hash"]) for one in found}


async def insert_details(db: Writer, placed: Sequence[tuple[str, Submission]]) -> None:
    """Everything of new orders that never changes, with their lines."""
    columns: list[tuple[Any, ...]] = [
        (
            order_id,
            one.channel,
            one.locale,
            one.customer.id,
            _personal(one),
            one.purchase_order_number,
            one.campaign,
            json.dumps(one.metadata),
        )
        for order_id, one in placed
    ]
    await db.execute(_INSERT_DETAILS, *map(list, zip(*columns, strict=True)))
    lines: list[tuple[Any, ...]] = [
        (
            order_id,
            n,
            line.sku,
            line.quantity,
            line.unit_price_minor,
            line.description,
            line.seller_id,
        )
        for order_id, one in placed
        for n, line in enumerate(one.lines, 1)
    ]
    await db.execute(_INSERT_LINES, *map(list, zip(*lines, strict=True)))


def _personal(submission: Submission) -> str:
    return json.dumps(
        {
            "name": submission.customer.name,
            "email": submission.customer.email,
            "address": submission.shipping_address.model_dump(),
        }
    )


async def note_partner_asked(db: Writer, order_ids: Sequence[str], now: datetime) -> None:
    """A partner was asked whether these orders may still be cancelled."""
    await db.execute(_NOTE_PARTNER_ASKED, list(order_ids), now)


async def insert_transitions(db: Writer, rows: Sequence[Transition], now: datetime) -> None:
    orders = [one.order for one in rows]
    await db.execute(
        _INSERT_TRANSITIONS,
        [one.order_id for one in orders],
        [one.version for one in orders],
        [one.status for one in orders],
        [one.payment for one in orders],
        [one.stock for one in orders],
        [one.fulfilment for one in orders],
        [one.cause for one in rows],
        [one.event_id for one in rows],
        now,
    )


async def count_refusals(db: Db, more: Mapping[str, int]) -> dict[str, int]:
    """Add to the number of refusals of each reference; gives the last sequence of each."""
    found = await db.fetch(_COUNT_REFUSALS, list(more), list(more.values()))
    return {one["client_reference"]: one["last_sequence"] for one in found}


async def past_deadline(db: Db, now: datetime, limit: int) -> list[str]:
    """Pending orders whose deadline is over; they are looked at again under their lock."""
    return [one[0] for one in await db.fetch(_PAST_DEADLINE, now, limit)]


async def next_deadline(db: Db) -> datetime | None:
    """The earliest of all pending orders."""
    found: datetime | None = await db.fetchval(_NEXT_DEADLINE)
    return found


async def has_more_pending(db: Db, orders_max: int) -> bool:
    found: bool = await db.fetchval(_MANY_PENDING, orders_max)
    return found


async def find(db: Db, order_ids: Sequence[str]) -> list[tuple[Record, list[Record]]]:
    """Orders with their lines, in the order asked for."""
    orders = {one["order_id"]: one for one in await db.fetch(_FIND, order_ids)}
    lines: dict[str, list[Record]] = {order_id: [] for order_id in orders}
    for line in await db.fetch(_LINES, order_ids):
        lines[line["order_id"]].append(line)
    return [(orders[one], lines[one]) for one in order_ids if one in orders]


async def summaries(db: Db, order_ids: Collection[str]) -> list[Record]:
    return await db.fetch(_SUMMARIES, list(order_ids))


async def timeline(db: Db, order_id: str, after: int = 0) -> list[Record]:
    """The order's transitions after version ``after``."""
    return await db.fetch(_TIMELINE, order_id, after)


async def page(
    db: Db, filters: Mapping[str, str | None], before: str | None, limit: int
) -> list[str]:
    """Ids of orders to which all ``filters`` apply, the newest first, before ``before``."""
    wanted = {n: one for n, one in {**filters, "before": before}.items() if one is not None}
    found = await db.fetch(page_query(list(wanted)), limit, *wanted.values())
    return [one[0] for one in found]


def page_query(names: Sequence[str]) -> str:
    """The statement for these filters; its first argument is the limit."""
    conditions = [_FILTERS[name].format(f"${n}") for n, name in enumerate(names, 2)]
    return _PAGE.format(" AND ".join(conditions) or "true")
