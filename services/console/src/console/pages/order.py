"""An order: where it stands, what it waits for, and all that anybody knows of it."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote
from zlib import crc32

from asyncpg import Record
from shared.contracts.inventory import FulfilmentCancellationRequested
from shared.http.problem import not_found
from shared.service import Running

from console import store
from console.backends import Answer, Backends
from console.board import Board
from console.domain.spans import waterfall
from console.domain.states import states_of
from console.domain.waits import Asked, Call, Known, Parked, Wait, waits_of
from console.pages import trace

SERVICES = ("orders", "payments", "inventory", "notifications")
# What is told in Kafka when it ends; of all other causes a service alone knows how they stand.
STEADY = ("dispatch-pending", "delivery-pending", "partner-rejected")
# By then a service has read the order's last record too, or is so far behind that it is named;
# and spans of that have come.
SETTLED_AFTER = timedelta(seconds=30)
REST_S = 60.0
ACTIONS_MAX = 100
ENTRIES_MAX = 200
WEBHOOKS_MAX = 100
# Named one by one: what a service adds to a delivery may be a partner's own affair.
_WEBHOOK = (
    *("delivery_id", "event_id", "type", "state", "attempts", "next_attempt_at", "ended_at"),
    *("partner", "endpoint_id", "endpoint_enabled", "last_attempt_at", "last_status", "last_error"),
)


async def document(
    running: Running, backends: Backends, board: Board, order_id: str
) -> dict[str, Any]:
    """What Kafka told, and what each service says now; who is silent is named."""
    found, _ = await look(running, backends, board, order_id)
    return found


async def look(
    running: Running, backends: Backends, board: Board, order_id: str
) -> tuple[dict[str, Any], float]:
    """The document, and for how many seconds it holds while there is no news of the order."""
    async with running.pool.acquire() as db:
        now = await running.clock.now(db)
        row = await store.order(db, order_id)
        keys = [order_id, *filter(None, [row and row["client_reference"]])]
        records = [dict(one) for one in await store.records_of(db, keys)]
        actions = await store.actions(db, order_id, ACTIONS_MAX)
        trace_id = row["trace_id"] if row else None
        spans = await store.spans_of(db, trace_id) if trace_id else []
    answers = await _ask(backends, order_id, keys)
    live = answers["orders"]
    if row is None and not records and not live.ok:
        raise not_found(f"No order {order_id}.")
    known = known_of(order_id, row, answers, board, records)
    waits = waits_of(known, now)
    found = {
        "order_id": order_id,
        **board.frame,
        "status": known.status,
        "headline": headline(waits),
        "order": _summary(row, live.body if live.ok else {}),
        "states": states_of(known.status, records),
        "waits": waits,
        "silent": known.silent,
        "lines": live.body.get("lines", []) if live.ok else [],
        "payments": _list(answers["payments"], "payments"),
        "ledger": ledger_of(answers["payments/ledger"]),
        "fulfilment_orders": _list(answers["inventory"], "fulfilment_orders"),
        "messages": _list(answers["notifications"], "messages"),
        "webhooks": _webhooks(answers["notifications/webhooks"]),
        "calls": known.calls,
        "parked": known.parked,
        "records": records,
        "trace_id": trace_id,
        "trace_link": trace.link(backends.settings.trace_link, trace_id),
        "trace": [trace.shown(one) for one in waterfall(spans)],
        "actions": [dict(one) for one in actions],
    }
    is_steady = rests(known, waits) and now - newest(records, now) > SETTLED_AFTER
    return found, rest_s(order_id) if is_steady else board.streams.again_s


def rests(known: Known, waits: Sequence[Wait]) -> bool:
    """Whether nothing goes on that only a service knows of, and no clock runs."""
    goes_on = known.calls or known.parked or known.silent
    return not goes_on and all(one.cause in STEADY for one in waits)


def newest(records: Sequence[Mapping[str, Any]], now: datetime) -> datetime:
    """When the console read the last of them; just now, as long as there is none."""
    return max((one["recorded_at"] for one in records), default=now)


def rest_s(order_id: str) -> float:
    """Many that begin to be followed together are not all looked at together ever after."""
    return REST_S * (1 + crc32(order_id.encode()) / 2**32)


def headline(waits: Sequence[Wait]) -> str:
    """One line: why it is stuck, what it waits for, or that nothing more will happen."""
    if not waits:
        return "Nothing more will happen to it."
    return f"Stuck: {waits[0].says}" if waits[0].stuck else waits[0].says


def known_of(
    order_id: str,
    row: Record | None,
    answers: Mapping[str, Answer],
    board: Board,
    records: Sequence[Mapping[str, Any]],
) -> Known:
    """What the order's own services say; where one is silent, what Kafka told last."""
    live = answers["orders"].body if answers["orders"].ok else {}
    told = dict(row) if row else {}
    deadline = live.get("deadline_at")
    return Known(
        order_id=order_id,
        status=live.get("status") or told.get("status") or "unknown",
        deadline_at=datetime.fromisoformat(deadline) if deadline else told.get("deadline_at"),
        payment=told.get("payment"),
        stock=told.get("stock"),
        calls=tuple(call for one in SERVICES for call in _calls(one, answers[f"{one}/work"])),
        parked=tuple(
            park
            for name, service in _parking(SERVICES)
            if name in answers
            for park in _parked(service, answers[name])
        ),
        asked=_asked(answers["inventory"], records),
        requests=tuple(
            one.get("request_status", "")
            for one in _list(answers["inventory"], "fulfilment_orders")
            if one["status"] in ("open", "processing")
        ),
        silent=tuple(one for one in SERVICES if answers[f"{one}/work"].status is None),
        lag_s={one: board.worst_lag_s(one) for one in SERVICES},
        told=row is not None,
    )


async def _ask(backends: Backends, order_id: str, keys: Sequence[str]) -> dict[str, Answer]:
    """Everything at the same time; a service that is silent costs its time limit once."""
    asked = {
        "orders": backends.get("orders", f"/v1/orders/{quote(order_id, safe='')}"),
        "payments": backends.get("payments", "/v1/payments", order_id=order_id),
        "inventory": backends.get("inventory", "/v1/fulfilment-orders", order_id=order_id),
        "notifications": backends.get("notifications", "/v1/messages", order_id=order_id),
    }
    for service in SERVICES:
        asked[f"{service}/work"] = backends.get(service, "/ops/work", order_id=order_id)
        asked[f"{service}/dead-letters"] = backends.get(service, "/ops/dead-letters", key=order_id)
    query = {"order_id": order_id, "limit": str(ENTRIES_MAX)}
    asked["payments/ledger"] = backends.get("payments", "/v1/ledger-entries", **query)
    query = {"order_id": order_id, "limit": str(WEBHOOKS_MAX)}
    asked["notifications/webhooks"] = backends.get(
        "notifications", "/ops/partner-deliveries", **query
    )
    for reference in keys[1:]:
        asked["submission"] = backends.get("orders", "/ops/dead-letters", key=reference)
    return dict(zip(asked, await asyncio.gather(*asked.values()), strict=True))


def _parking(services: Sequence[str]) -> list[tuple[str, str]]:
    """The answers that name parked records, and whose they are."""
    return [*((f"{one}/dead-letters", one) for one in services), ("submission", "orders")]


def _calls(service: str, answer: Answer) -> list[Call]:
    return [
        Call(
            service=service,
            id=one["id"],
            kind=one["kind"],
            attempts=one["attempts"],
            not_before=datetime.fromisoformat(one["not_before"]),
            last_error=one["last_error"],
            called_at=_moment(one["call_started_at"]),
            under_way=one["lease_until"] is not None,
        )
        for one in _list(answer, "oldest")
    ]


def _parked(service: str, answer: Answer) -> list[Parked]:
    return [
        Parked(
            service=service,
            id=one["id"],
            type=one["type"] or "a record",
            reason=one["reason"],
            error=one["error"],
            behind=one["behind"] or 0,
        )
        for one in _list(answer, "dead_letters")
    ]


def _asked(inventory: Answer, records: Sequence[Mapping[str, Any]]) -> tuple[Asked, ...]:
    """Inventory knows what is open; only Kafka tells when the partner was asked."""
    asked_at = [one["at"] for one in records if one["type"] == FulfilmentCancellationRequested.type]
    since = max(filter(None, asked_at), default=None)
    return tuple(
        Asked(one["fulfilment_order_id"], since)
        for one in _list(inventory, "fulfilment_orders")
        if one.get("cancellation_status") == "requested"
    )


def _list(answer: Answer, name: str) -> list[dict[str, Any]]:
    found = answer.body.get(name) if answer.ok and isinstance(answer.body, dict) else None
    return found if isinstance(found, list) else []


def ledger_of(answer: Answer) -> dict[str, Any]:
    """What payments has booked, and the sums of both sides by currency, in minor units."""
    entries = _list(answer, "entries")
    sums: dict[str, dict[str, int]] = {}
    for one in entries:
        of_currency = sums.setdefault(one["currency"], {"debit": 0, "credit": 0})
        of_currency[one["side"]] += one["amount_minor"]
    more = bool(entries and answer.body["next_cursor"])
    return {"entries": entries, "sums": sums, "more": more}


def _webhooks(answer: Answer) -> dict[str, Any]:
    """What partners were sent of the order, the newest first, and whether there is ``more``."""
    told = [{name: one.get(name) for name in _WEBHOOK} for one in _list(answer, "deliveries")]
    return {"deliveries": told, "more": bool(told and answer.body["next_cursor"])}


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _summary(row: Record | None, live: Mapping[str, Any]) -> dict[str, Any]:
    """Without the buyer: who needs the address asks orders, which knows who may."""
    told: Mapping[str, Any] = dict(row) if row else {}
    names = ("client_reference", "channel", "currency", "total_minor", "placed_at", "deadline_at")
    found = {name: live.get(name) or told.get(name) for name in names}
    return {
        **found,
        "customer_id": told.get("customer_id"),
        "payment": told.get("payment"),
        "stock": told.get("stock"),
        "fulfilment": told.get("fulfilment"),
        "captured_minor": told.get("captured_minor"),
        "refunded_minor": told.get("refunded_minor"),
        "reasons": live.get("reasons") or [],
    }
