"""The SQL of the console: records, orders and spans in, pages out, and who did what."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from asyncpg import Record
from shared.database import Db
from shared.observability.spans import Span

from console.domain.facts import DATA_BYTES_MAX, Fact
from console.domain.picture import Picture, is_of_an_order
from console.domain.spans import SLOTS, TRACE_SPANS_MAX, Keeping

RECORDS_MAX = 500
FOUND_MAX = 100

_COLUMNS: Mapping[str, str] = {
    "order_id": "text",
    "client_reference": "text",
    "tenant": "text",
    "channel": "text",
    "currency": "text",
    "customer_id": "text",
    "total_minor": "bigint",
    "placed_at": "timestamptz",
    "deadline_at": "timestamptz",
    "status": "text",
    "status_sequence": "integer",
    "payment": "text",
    "payment_sequence": "integer",
    "stock": "text",
    "stock_sequence": "integer",
    "fulfilment": "text",
    "fulfilment_sequence": "integer",
    "outcome": "text",
    "decided_at": "timestamptz",
    "captured_minor": "bigint",
    "refunded_minor": "bigint",
    "trace_id": "text",
    "told_at": "timestamptz",
}
_AXES = ("status", "payment", "stock", "fulfilment")
_SUMS = ("captured_minor", "refunded_minor", "told_at")
_ARRAYS = ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(_COLUMNS.values(), 1))
_NAMES = ", ".join(_COLUMNS)


def _merged(name: str) -> str:
    """What was told later on its topic wins; what is told once stays; sums only grow."""
    axis = name.removesuffix("_sequence")
    if axis in _AXES:
        newer = f"excluded.{axis}_sequence > o.{axis}_sequence"
        return f"{name} = CASE WHEN {newer} THEN excluded.{name} ELSE o.{name} END"
    merge = "greatest" if name in _SUMS else "coalesce"
    return f"{name} = {merge}(o.{name}, excluded.{name})"


_MERGE_ORDERS = f"""
INSERT INTO orders AS o ({_NAMES}, recorded_at)
SELECT {_NAMES}, ${len(_COLUMNS) + 1}
FROM unnest({_ARRAYS}) u({_NAMES}) ORDER BY order_id
ON CONFLICT (order_id) DO UPDATE SET
{", ".join(_merged(name) for name in _COLUMNS if name != "order_id")},
recorded_at = excluded.recorded_at
"""
_INSERT_RECORDS = """
INSERT INTO records (topic, partition, "offset", key, type, event_id, sequence, at, trace_id, data,
    problem, recorded_at)
SELECT u.*, $12 FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::text[], $5::text[],
    $6::text[], $7::integer[], $8::timestamptz[], $9::text[], $10::text[], $11::text[]) u
ON CONFLICT DO NOTHING
"""
_INSERT_TERMS = """
INSERT INTO order_terms (term, order_id, recorded_at)
SELECT u.term, u.order_id, $3 FROM unnest($1::text[], $2::text[]) u(term, order_id)
ORDER BY u.term COLLATE "C", u.order_id COLLATE "C"
ON CONFLICT DO NOTHING
"""
_ORDER = "SELECT * FROM orders WHERE order_id = $1"
_ORDERS = """
SELECT * FROM orders
WHERE ($1::text IS NULL OR status = $1) AND ($2::text IS NULL OR channel = $2)
    AND (NOT $3 OR (outcome IS NULL AND deadline_at < $4))
    AND ($5::text IS NULL OR order_id < $5)
ORDER BY order_id DESC LIMIT $6
"""
# Of a SKU that every order has, and of the beginning of an id, only the newest are read.
_FOUND = """
SELECT o.* FROM orders o WHERE o.order_id IN (
    SELECT newest.order_id FROM unnest($1::text[]) u(term), LATERAL (
        SELECT t.order_id FROM order_terms t WHERE t.term = u.term
        ORDER BY t.order_id DESC LIMIT $4) newest
    UNION SELECT r.key FROM records r WHERE r.event_id = $2
    UNION SELECT t.order_id FROM orders t WHERE t.trace_id = $2
    UNION (SELECT t.order_id FROM order_terms t
        WHERE length($3) >= 6 AND t.term >= $3 AND t.term < $3 || chr(1114111)
        ORDER BY t.term DESC LIMIT $4)
)
ORDER BY o.order_id DESC LIMIT $4
"""
_RECORDS_OF = """
SELECT * FROM records WHERE key = ANY($1::text[]) ORDER BY at NULLS LAST, topic, "offset" LIMIT $2
"""
_RECORD_AT = 'SELECT * FROM records WHERE topic = $1 AND partition = $2 AND "offset" = $3'
_DECIDED = """
SELECT outcome, count(*) AS orders,
    percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (
        ORDER BY extract(epoch FROM decided_at - placed_at)::float) AS seconds,
    count(*) FILTER (WHERE decided_at - placed_at > $2) AS late
FROM orders WHERE decided_at > $1 GROUP BY outcome
"""
_BY_MINUTE = """
SELECT date_trunc('minute', decided_at) AS minute, outcome, count(*) AS orders
FROM orders WHERE decided_at > $1 GROUP BY 1, 2
"""
_MONEY = """
SELECT currency, sum(captured_minor)::bigint AS captured_minor,
    sum(refunded_minor)::bigint AS refunded_minor
FROM orders WHERE decided_at > $1 AND currency IS NOT NULL GROUP BY currency ORDER BY currency
"""
_OPEN = """
SELECT count(*) AS undecided, count(*) FILTER (WHERE deadline_at < $1) AS overdue
FROM (SELECT deadline_at FROM orders WHERE outcome IS NULL LIMIT 10000) o
"""
_BEGIN_ACTION = """
INSERT INTO actions (at, operator, action, service, target, order_id, reason, answer)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
RETURNING id
"""
_END_ACTION = "UPDATE actions SET status = $2, answer = $3 WHERE id = $1"
_ACTIONS = """
SELECT * FROM actions WHERE $1::text IS NULL OR order_id = $1 ORDER BY id DESC LIMIT $2
"""
_ACTIONS_UPON = """
SELECT * FROM actions WHERE service = $1 AND starts_with(target, $2) ORDER BY id DESC LIMIT $3
"""
_INSERT_SPANS = """
INSERT INTO spans (slot, trace_id, span)
SELECT r.slot, u.* FROM span_ring r, unnest($1::bytea[], $2::text[]) u
"""
_SPAN = tuple(one.name for one in fields(Span))
_SPANS_OF = "SELECT span FROM spans WHERE trace_id = $1 LIMIT $2"
# Instances take turns at it; who finds it taken has nothing to do, and counts nothing: that would
# wait for the slot that is being emptied.
_RING = "SELECT slot, opened_at FROM span_ring FOR UPDATE SKIP LOCKED"
_COUNT_SPANS = "SELECT count(*) FROM spans WHERE slot = $1"
_TURN_RING = "UPDATE span_ring SET slot = $1, opened_at = $2"


async def record(db: Db, facts: Sequence[Fact], pictures: Sequence[Picture], now: datetime) -> None:
    """Keep what a batch told; what was kept before changes nothing."""
    rows = [_row(fact) for fact in facts]
    await db.execute(_INSERT_RECORDS, *map(list, zip(*rows, strict=True)), now)
    if pictures:
        columns = [[getattr(one, field.name) for one in pictures] for field in fields(Picture)]
        await db.execute(_MERGE_ORDERS, *columns, now)
    terms = sorted({(term, one.key) for one in facts if is_of_an_order(one) for term in one.terms})
    if terms:
        await db.execute(_INSERT_TERMS, *map(list, zip(*terms, strict=True)), now)


def _row(fact: Fact) -> tuple[Any, ...]:
    data = json.dumps(fact.data, ensure_ascii=False)
    if len(data) > DATA_BYTES_MAX:
        data = json.dumps({"too_long_to_show": len(data)})
    place = fact.place
    return (
        *(place.topic, place.partition, place.offset, fact.key, fact.type, fact.event_id),
        *(fact.sequence, fact.at, fact.trace_id, data, fact.problem),
    )


async def order(db: Db, order_id: str) -> Record | None:
    return await db.fetchrow(_ORDER, order_id)


async def orders(
    db: Db, wanted: Mapping[str, Any], now: datetime, before: str | None, page: int
) -> list[Record]:
    """A page of orders, the newest first; ``overdue`` are those past their deadline."""
    asked = (wanted["status"] or None, wanted["channel"] or None, wanted["overdue"], now)
    return list(await db.fetch(_ORDERS, *asked, before, page))


async def search(db: Db, terms: Sequence[str], asked: str) -> list[Record]:
    """Orders known by one of ``terms`` or an event id, or by the beginning of an id."""
    return list(await db.fetch(_FOUND, terms, asked, asked.lower(), FOUND_MAX))


async def records_of(db: Db, keys: Sequence[str]) -> list[Record]:
    """What Kafka told of an order or a reference, the oldest first."""
    return list(await db.fetch(_RECORDS_OF, keys, RECORDS_MAX))


async def decided(db: Db, since: datetime, late_after: Any) -> list[Record]:
    """By outcome: ``orders``, median and 99th percentile in ``seconds``, and how many ``late``."""
    return list(await db.fetch(_DECIDED, since, late_after))


async def by_minute(db: Db, since: datetime) -> list[Record]:
    return list(await db.fetch(_BY_MINUTE, since))


async def money(db: Db, since: datetime) -> list[Record]:
    """Captured and refunded of orders decided since, by currency."""
    return list(await db.fetch(_MONEY, since))


async def undecided(db: Db, now: datetime) -> Record:
    row = await db.fetchrow(_OPEN, now)
    assert row is not None
    return row


async def begin_action(db: Db, *values: Any) -> int:
    """``values``: at, operator, action, service, target, order_id, reason, answer; gives its id."""
    return int(await db.fetchval(_BEGIN_ACTION, *values))


async def end_action(db: Db, action_id: int, status: int | None, answer: str) -> None:
    """``status`` is None when no answer came."""
    await db.execute(_END_ACTION, action_id, status, answer)


async def actions(db: Db, order_id: str | None, limit: int) -> list[Record]:
    """What people did, the newest first; of one order, or of all."""
    return list(await db.fetch(_ACTIONS, order_id, limit))


async def actions_upon(db: Db, service: str, beginning: str, limit: int) -> list[Record]:
    """What people did to those of a service's things whose names begin so, the newest first."""
    return list(await db.fetch(_ACTIONS_UPON, service, beginning, limit))


async def record_at(db: Db, topic: str, partition: int, offset: int) -> Record | None:
    return await db.fetchrow(_RECORD_AT, topic, partition, offset)


async def insert_spans(db: Db, spans: Sequence[Span]) -> None:
    """Keep what one request brought, in one statement."""
    ids = [bytes.fromhex(one.trace_id) for one in spans]
    await db.execute(_INSERT_SPANS, ids, [_kept(one) for one in spans])


async def spans_of(db: Db, trace_id: str) -> list[Span]:
    """What is kept of a trace, in no order; a span that was sent again may be there again."""
    rows = await db.fetch(_SPANS_OF, bytes.fromhex(trace_id), TRACE_SPANS_MAX)
    return [_span(json.loads(row["span"])) for row in rows]


async def turn_spans(db: Db, keeping: Keeping, now: datetime) -> bool:
    """Empty the oldest slot and fill it from now on, when the one that is filled is full."""
    ring = await db.fetchrow(_RING)
    if ring is None:
        return False
    rows: int = await db.fetchval(_COUNT_SPANS, ring["slot"])
    if not keeping.is_full(rows, now - ring["opened_at"]):
        return False
    following = (ring["slot"] + 1) % SLOTS
    await db.execute(f"TRUNCATE spans_{following:d}")
    await db.execute(_TURN_RING, following, now)
    return True


def _kept(span: Span) -> str:
    # Not asdict, which copies every attribute one by one: this runs for each span.
    return json.dumps({name: getattr(span, name) for name in _SPAN})


def _span(kept: Mapping[str, Any]) -> Span:
    return Span(**{**kept, "links": tuple(kept["links"])})
