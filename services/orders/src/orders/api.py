"""The orders API: place, read, wait, cancel (see docs/ and /openapi.json)."""

import json
from typing import Annotated, Any, Literal

from asyncpg import Record
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import ValidationError
from shared.clock import rfc3339
from shared.contracts.storefront import Body, Required, Submission
from shared.database import Db
from shared.http.idempotency import Answer, key_of, once
from shared.http.problem import Problem, not_found, validation_failed
from shared.http.routes import JsonRoute, takes
from shared.observability import tracing
from shared.service import Running

from orders import store
from orders.domain.order import Order, is_decided, is_terminal, summary_of
from orders.domain.placing import Invalid, check
from orders.domain.steps import CancelRequested, Refused, Step
from orders.settings import OrdersSettings
from orders.waiting import Waiting
from orders.work import OrdersWork

WAIT_S_MAX = 30.0
PAGE_MAX = 200

OrderId = str
Goal = Literal["decided", "terminal"]


class Cancellation(Body):
    """The body of ``POST /v1/orders/{order_id}/cancel``; without one, the customer asked."""

    reason: Required = "customer"


def routes(running: Running, settings: OrdersSettings, waiting: Waiting) -> APIRouter:
    """The public routes."""
    router = APIRouter(prefix="/v1/orders", tags=["orders"], route_class=JsonRoute)
    _writing(router, running, settings)
    _reading(router, running, waiting)
    return router


def _writing(router: APIRouter, running: Running, settings: OrdersSettings) -> None:
    @router.post(
        "", status_code=201, dependencies=[Depends(key_of)], openapi_extra=takes("Submission")
    )
    async def place_order(request: Request) -> Response:
        """Place an order, once for each Idempotency-Key; 201 means committed to disk."""
        submission = read_submission(await request.json())

        async def act(work: OrdersWork) -> Answer:
            await work.claim_references([submission])
            reference = work.references[submission.client_reference]
            if not reference.mine:
                raise order_exists(reference.order_id)
            order = work.place(submission, settings.deadline_s)
            document = json.dumps(view_of_new(order, submission), ensure_ascii=False)
            return Answer(201, document.encode(), f"/v1/orders/{order.order_id}")

        return await once(running.transactions, request, await request.body(), act)

    @router.post(
        "/{order_id}/cancel",
        status_code=202,
        openapi_extra=takes("Cancellation", required=False),
    )
    async def cancel_order(order_id: OrderId, request: Request) -> Response:
        """Cancel at once while pending; once confirmed, ask whether goods were dispatched."""
        asked = read_cancellation(await request.json() if await request.body() else {})
        async with running.transactions.begin(tracing.current_traceparent()) as work:
            await work.lock_orders([order_id])
            if order_id not in work.rows:
                raise not_found(f"No order {order_id}.")
            result: Step | Refused = work.advance(order_id, CancelRequested(asked.reason), "cancel")
            match result:
                case Refused(status):
                    raise Problem(
                        409, "illegal-transition", f"The order is {status}.", current_status=status
                    )
                case Step():
                    pass
        async with running.pool.acquire() as db:
            return as_json(await _found(db, order_id), status=202)


def _reading(router: APIRouter, running: Running, waiting: Waiting) -> None:
    @router.get("/{order_id}")
    async def get_order(
        order_id: OrderId,
        wait_for: Goal | None = None,
        timeout_s: Annotated[float, Query(ge=0, le=WAIT_S_MAX)] = 10,
    ) -> Response:
        """The order; ``wait_for`` answers as soon as it is decided or terminal, or in time."""
        async with running.pool.acquire() as db:
            found = await _found(db, order_id)
        reached = is_terminal if wait_for == "terminal" else is_decided
        if wait_for is not None and not reached(found["status"]):
            await waiting.until(order_id, reached, timeout_s)
            async with running.pool.acquire() as db:
                found = await _found(db, order_id)
        return as_json(found)

    @router.get("/{order_id}/timeline")
    async def get_timeline(order_id: OrderId) -> Response:
        """Every transition with its time, its cause and the event that caused it."""
        async with running.pool.acquire() as db:
            rows = await store.timeline(db, order_id)
        if not rows:
            raise not_found(f"No order {order_id}.")
        return as_json({"order_id": order_id, "transitions": [_transition(one) for one in rows]})

    @router.get("")
    async def list_orders(
        client_reference: str | None = None,
        customer_id: str | None = None,
        limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50,
        cursor: Annotated[str | None, Query(max_length=100)] = None,
    ) -> Response:
        """Orders, the newest first; ``next_cursor`` goes on where the page ended."""
        async with running.pool.acquire() as db:
            ids = await store.page(db, client_reference, customer_id, cursor, limit + 1)
            found = [view(*one) for one in await store.find(db, ids[:limit])]
        more = ids[limit - 1] if len(ids) > limit else None
        return as_json({"orders": found, "next_cursor": more})


async def _found(db: Db, order_id: str) -> dict[str, Any]:
    found = await store.find(db, [order_id])
    if not found:
        raise not_found(f"No order {order_id}.")
    return view(*found[0])


def read_submission(document: object) -> Submission:
    """Raises ``Problem`` 422 with a pointer to each field."""
    match check(document):
        case Invalid(reason, errors):
            raise Problem(
                422,
                reason,
                "The order cannot be placed as it is.",
                errors=[one.model_dump() for one in errors],
            )
        case Submission() as submission:
            return submission


def read_cancellation(document: object) -> Cancellation:
    """Raises ``Problem`` 422 with a pointer to each field."""
    try:
        return Cancellation.model_validate(document)
    except ValidationError as error:
        raise validation_failed(error) from None


def order_exists(order_id: str) -> Problem:
    link = f"/v1/orders/{order_id}"
    return Problem(
        409,
        "order-exists",
        "Another request has placed an order under this client_reference.",
        headers={"Link": f'<{link}>; rel="related"'},
        order_id=order_id,
    )


def as_json(document: object, status: int = 200) -> Response:
    body = json.dumps(document, ensure_ascii=False).encode()
    return Response(body, status, media_type="application/json")


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


def _transition(row: Record) -> dict[str, Any]:
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
