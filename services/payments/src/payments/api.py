"""HTTP: what became of an order's payment, and refunds by hand."""

from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel
from shared.http.idempotency import KEYED, needs_key, once
from shared.http.openapi import LOCATION
from shared.http.routes import JsonRoute, problems
from shared.service import Running

from payments import store
from payments.domain.attempts import Attempt
from payments.domain.payment import Payment, Status
from payments.refunds import RefundBody, RefundView, queue_refund


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
        dependencies=[Depends(needs_key)],
        responses={201: {"headers": LOCATION}},
        openapi_extra=KEYED
        | problems(
            _404="not-found", _422="refund-exceeds-capture refund-exceeds-lines nothing-to-refund"
        ),
    )
    async def refund(payment_id: str, body: RefundBody, request: Request) -> Response:
        """Give back what was captured: all, an amount, or the price of some of the units.

        ``lines`` are priced by what the order paid, and never more than is left is given back.
        """
        act = partial(queue_refund, payment_id=payment_id, body=body)
        return await once(running.transactions, request, await request.body(), act)

    return routes


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
