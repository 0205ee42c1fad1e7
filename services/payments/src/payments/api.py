"""HTTP: what became of an order's payment, and refunds by hand."""

from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field
from shared.contracts.storefront import AMOUNT_MINOR_MAX, Body, Storable
from shared.http.idempotency import Answer, key_of, once
from shared.http.problem import Problem, not_found
from shared.http.routes import JsonRoute
from shared.service import Running

from payments import store
from payments.domain.attempts import Attempt
from payments.domain.payment import Payment, Status
from payments.unit_of_work import PaymentsWork


class RefundBody(Body):
    """The body of ``POST /v1/payments/{id}/refunds``."""

    amount_minor: Annotated[int, Field(ge=1, le=AMOUNT_MINOR_MAX)]
    reason: Annotated[str, Field(min_length=1, max_length=500), Storable]


class AttemptView(BaseModel):
    """One operation at the provider; ``calls`` counts how often it was called for it."""

    operation: str
    number: int
    state: str
    amount_minor: int
    currency: str
    reason: str
    calls: int
    call_started_at: datetime | None
    next_sweep_at: datetime | None
    provider_key: str
    provider_reference: str | None
    created_at: datetime


class PaymentView(BaseModel):
    """An order's payment. Amounts are in minor units of ``currency``."""

    payment_id: str
    order_id: str
    status: str
    amount_minor: int
    currency: str
    captured_minor: int
    captured_currency: str | None
    refunded_minor: int
    refund_queued_minor: int
    decline_reason: str | None
    order_ended: str | None
    opened_at: datetime | None
    attempts: list[AttemptView]


class PaymentsView(BaseModel):
    payments: list[PaymentView]


class RefundView(BaseModel):
    """A refund that was accepted; PaymentRefunded tells when the provider has made it."""

    refund_id: str
    payment_id: str
    order_id: str
    amount_minor: int
    currency: str
    reason: str
    status: str = "pending"


def router(running: Running) -> APIRouter:
    """The routes of a running payments service."""
    routes = APIRouter(prefix="/v1/payments", tags=["payments"], route_class=JsonRoute)

    @routes.get("", response_model=PaymentsView)
    async def list_payments(
        order_id: Annotated[str, Query(min_length=1, max_length=128)],
    ) -> PaymentsView:
        """The payment of an order, with every operation at the provider; a list of 0 or 1."""
        async with running.pool.acquire() as db, db.transaction(isolation="repeatable_read"):
            payment = await store.payment_of(db, order_id)
            attempts = await store.attempts_of(db, order_id)
        shown = payment is not None and payment.payment_id
        return PaymentsView(payments=[view(payment, attempts)] if payment and shown else [])

    @routes.post(
        "/{payment_id}/refunds",
        response_model=RefundView,
        status_code=201,
        dependencies=[Depends(key_of)],
    )
    async def refund(payment_id: str, body: RefundBody, request: Request) -> Response:
        """Give part of a captured payment back. Needs an ``Idempotency-Key``."""
        act = partial(queue_refund, payment_id=payment_id, body=body)
        return await once(running.transactions, request, await request.body(), act)

    return routes


async def queue_refund(work: PaymentsWork, payment_id: str, body: RefundBody) -> Answer:
    """Queue the refund and answer 201. Raises ``Problem`` 404, or 422 when too much is asked."""
    order_id = await store.order_of(work.db, payment_id)
    if order_id is None:
        raise not_found("There is no such payment.")
    await work.lock_orders([order_id])
    payment = work.rows[order_id]
    if body.amount_minor > payment.refundable_minor:
        raise Problem(
            422,
            "refund-exceeds-capture",
            "More than was captured and is neither refunded nor being refunded.",
            refundable_minor=payment.refundable_minor,
        )
    refund = work.ask_refund(payment, body.amount_minor, body.reason)
    assert refund is not None, "something is refundable"
    accepted = RefundView(
        refund_id=refund.provider_key,
        payment_id=payment_id,
        order_id=order_id,
        amount_minor=refund.amount_minor,
        currency=refund.currency,
        reason=refund.reason,
    )
    return Answer(201, accepted.model_dump_json().encode(), f"/v1/payments?order_id={order_id}")


def view(payment: Payment, attempts: list[Attempt]) -> PaymentView:
    """What people may see: everything but the token."""
    return PaymentView(
        payment_id=payment.payment_id,
        order_id=payment.order_id,
        status=shown_status(payment.status),
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        captured_minor=payment.captured_minor,
        captured_currency=payment.captured_currency or None,
        refunded_minor=payment.refunded_minor,
        refund_queued_minor=payment.refund_queued_minor,
        decline_reason=payment.decline_reason,
        order_ended=payment.end_reason,
        opened_at=payment.opened_at,
        attempts=[AttemptView.model_validate(one, from_attributes=True) for one in attempts],
    )


def shown_status(status: Status) -> str:
    """``captured_late`` is ours to know: the money is there, and goes back."""
    return "captured" if status == "captured_late" else status
