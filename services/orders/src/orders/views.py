"""Orders as the API shows them."""

import json
from typing import Any

from asyncpg import Record
from fastapi import Response
from shared.clock import rfc3339
from shared.contracts.storefront import Submission
from shared.http.preconditions import tag_of

from orders.domain.order import Order, summary_of


def as_json(document: object, status: int = 200, **headers: str) -> Response:
    body = json.dumps(document, ensure_ascii=False).encode()
    return Response(body, status, headers, media_type="application/json")


def as_order(shown: dict[str, Any], status: int = 200) -> Response:
    """An order with its version as entity tag."""
    return as_json(shown, status, ETag=tag_of(shown["version"]))


def view_of_new(order: Order, submission: Submission) -> dict[str, Any]:
    """A new order, from memory: the answer is made in the transaction that places it."""
    body = submission.model_dump()
    return _view(
        order,
        {
            **{name: body[name] for name in ("channel", "locale", "customer", "shipping_address")},
            "lines": body["lines"],
            **{name: body[name] for name in ("purchase_order_number", "campaign", "metadata")},
        },
    )


def view(row: Record, lines: list[Record]) -> dict[str, Any]:
    """A stored order as the API shows it."""
    personal = json.loads(row["personal"])
    return _view(
        row_to_order(row),
        {
            "channel": row["channel"],
            "locale": row["locale"],
            "customer": {
                "id": row["customer_id"],
                "email": personal["email"],
                "name": personal["name"],
            },
            "shipping_address": personal["address"],
            "lines": [{k: v for k, v in one.items() if k != "order_id"} for one in lines],
            "purchase_order_number": row["purchase_order_number"],
            "campaign": row["campaign"],
            "metadata": json.loads(row["metadata"]),
        },
    )


def row_to_order(row: Record) -> Order:
    return Order(**{name: row[name] for name in Order.__slots__})


def _view(order: Order, submitted: dict[str, Any]) -> dict[str, Any]:
    return {
        "order_id": order.order_id,
        "client_reference": order.client_reference,
        "status": summary_of(order.status, order.fulfilment),
        "version": order.version,
        "tenant": order.tenant,
        "currency": order.currency,
        "total_minor": order.total_minor,
        "placed_at": rfc3339(order.placed_at),
        "deadline_at": rfc3339(order.deadline_at),
        "reasons": order.reasons.split(",") if order.reasons else [],
        "cancel_reason": order.cancel_reason or None,
        "payment": {"status": order.payment},
        "fulfilment": {"status": order.fulfilment},
        **submitted,
    }


def transition(row: Record) -> dict[str, Any]:
    return {
        "version": row["version"],
        "status": summary_of(row["status"], row["fulfilment"]),
        "payment": row["payment"],
        "stock": row["stock"],
        "fulfilment": row["fulfilment"],
        "cause": row["cause"],
        "event_id": row["event_id"] or None,
        "at": rfc3339(row["at"]),
    }


def change(row: Record) -> dict[str, Any]:
    """A transition as far as whoever follows an order needs it."""
    return {
        "order_id": row["order_id"],
        "version": row["version"],
        "status": summary_of(row["status"], row["fulfilment"]),
        "payment": {"status": row["payment"]},
        "fulfilment": {"status": row["fulfilment"]},
        "at": rfc3339(row["at"]),
    }
