"""Refunds by hand: an amount, or the price of some of the order's units."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from shared.contracts.storefront import (
    AMOUNT_MINOR_MAX,
    LINES_MAX,
    QUANTITY_MAX,
    Body,
    Required,
    Storable,
)
from shared.http.idempotency import Answer
from shared.http.problem import Problem, not_found

from payments import store
from payments.domain.lines import Exceeds, Priced, price_refund, units_by_sku
from payments.domain.payment import Payment
from payments.unit_of_work import PaymentsWork


class RefundedLine(Body):
    """So many units of a SKU; the same SKU twice counts together."""

    sku: Annotated[str, Field(min_length=1, max_length=64), Storable]
    quantity: Annotated[int, Field(ge=1, le=QUANTITY_MAX)]


class RefundBody(Body):
    """The body of ``POST /v1/payments/{id}/refunds``: an amount, or the lines it is for."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": ["amount_minor"]}, {"required": ["lines"]}],
            "examples": [
                {"amount_minor": 255, "reason": "damaged"},
                {"lines": [{"sku": "85123A", "quantity": 1}], "reason": "returned"},
            ],
        }
    )

    amount_minor: Annotated[int, Field(ge=1, le=AMOUNT_MINOR_MAX)] | None = None
    lines: Annotated[list[RefundedLine], Field(min_length=1, max_length=LINES_MAX)] | None = None
    reason: Required

    @model_validator(mode="after")
    def _say_one_thing(self) -> Self:
        if (self.amount_minor is None) == (self.lines is None):
            raise ValueError("give either amount_minor or lines")
        return self


class RefundView(BaseModel):
    """A refund that was accepted; PaymentRefunded tells when the provider has made it."""

    refund_id: str
    payment_id: str
    order_id: str
    amount_minor: int
    currency: str
    lines: list[RefundedLine] | None
    reason: str
    status: str = "pending"


async def queue_refund(work: PaymentsWork, payment_id: str, body: RefundBody) -> Answer:
    """Queue the refund and answer 201. Raises ``Problem`` 404, or 422 when too much is asked."""
    order_id = await store.order_of(work.db, payment_id)
    if order_id is None:
        raise not_found("There is no such payment.")
    await work.lock_orders([order_id])
    payment = work.rows[order_id]
    asked = await _priced(work, order_id, body)
    _refuse_too_much(payment, asked)
    refund = work.ask_refund(payment, asked.amount_minor, body.reason)
    assert refund is not None, "something is refundable"
    if asked.units:
        await store.add_refunded(work.db, order_id, refund.number, asked.units)
    accepted = RefundView(
        refund_id=refund.provider_key,
        payment_id=payment_id,
        order_id=order_id,
        amount_minor=refund.amount_minor,
        currency=refund.currency,
        lines=body.lines,
        reason=refund.reason,
    )
    return Answer(201, accepted.model_dump_json().encode(), f"/v1/payments?order_id={order_id}")


async def _priced(work: PaymentsWork, order_id: str, body: RefundBody) -> Priced:
    if body.lines is None:
        assert body.amount_minor is not None
        return Priced((), body.amount_minor)
    wanted = units_by_sku((line.sku, line.quantity) for line in body.lines)
    match price_refund(await store.lines_of(work.db, order_id), wanted):
        case Priced() as priced:
            return priced
        case Exceeds(sku, asked, left):
            first = next(n for n, line in enumerate(body.lines) if line.sku == sku)
            detail = f"{asked} asked, {left} of the order's not given back"
            raise Problem(
                422,
                "refund-exceeds-lines",
                "More units than the order has and were not refunded by line.",
                errors=[{"pointer": f"/lines/{first}", "detail": detail}],
            )


def _refuse_too_much(payment: Payment, asked: Priced) -> None:
    """Lines may come to more than is left when an amount was refunded before; or to nothing."""
    if asked.amount_minor == 0:
        raise Problem(422, "nothing-to-refund", "These units cost nothing.")
    if asked.amount_minor > payment.refundable_minor:
        raise Problem(
            422,
            "refund-exceeds-capture",
            "More than was captured and is neither refunded nor being refunded.",
            refundable_minor=payment.refundable_minor,
        )
