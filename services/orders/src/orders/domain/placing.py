"""From a submission to an order, or the reasons why not."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import TypeAlias

from pydantic import ValidationError
from shared.contracts.orders import (
    Address,
    FieldError,
    OrderLine,
    OrderPlaced,
    PaymentMethod,
    Personal,
)
from shared.contracts.storefront import (
    GIVEN_TWICE,
    SUBMISSION_BYTES_MAX,
    OrderSubmitted,
    Submission,
    field_errors,
)

from orders.domain.order import Fulfilment, Order, Payment, Status, Stock

DEFAULT_TENANT = "default"


@dataclass(frozen=True)
class Invalid:
    """A submission that cannot become an order; ``reason`` names the problem."""

    reason: str
    errors: tuple[FieldError, ...]


Checked: TypeAlias = Submission | Invalid


def check_submitted(event: OrderSubmitted) -> Checked:
    """Read what came through Kafka, within the limits that HTTP has too."""
    if event.body_bytes > SUBMISSION_BYTES_MAX:
        detail = f"the limit is {SUBMISSION_BYTES_MAX} bytes"
        return Invalid("body-too-large", (FieldError(pointer="", detail=detail),))
    if event.repeated is not None:
        twice = FieldError(pointer=event.repeated, detail=GIVEN_TWICE)
        return Invalid("duplicate-member", (twice,))
    return check(event.body)


def check(body: object) -> Checked:
    """Read a submitted body; the total must be the sum of its lines."""
    try:
        submission = Submission.model_validate(body)
    except ValidationError as error:
        return Invalid("validation-failed", field_errors(error))
    expected = submission.lines_total_minor
    if submission.total_minor != expected:
        detail = f"must be the sum of the lines, {expected}"
        return Invalid("price-mismatch", (FieldError(pointer="/total_minor", detail=detail),))
    return submission


def body_hash(submission: Submission) -> bytes:
    """Tells the same submission again from another one under its reference."""
    return blake2b(submission.model_dump_json().encode(), digest_size=16).digest()


def place(
    submission: Submission, order_id: str, now: datetime, deadline_s: float
) -> tuple[Order, OrderPlaced]:
    """The order as it starts, and the fact that everything follows from."""
    order = Order(
        order_id=order_id,
        tenant=DEFAULT_TENANT,
        client_reference=submission.client_reference,
        status=Status.PENDING,
        payment=Payment.PENDING,
        stock=Stock.PENDING,
        fulfilment=Fulfilment.NONE,
        reasons="",
        cancel_reason="",
        currency=submission.currency,
        total_minor=submission.total_minor,
        version=1,
        placed_at=now,
        deadline_at=now + timedelta(seconds=deadline_s),
    )
    return order, _placed(order, submission)


def _placed(order: Order, submission: Submission) -> OrderPlaced:
    customer = submission.customer
    return OrderPlaced(
        order_id=order.order_id,
        tenant=order.tenant,
        client_reference=order.client_reference,
        channel=submission.channel,
        currency=order.currency,
        locale=submission.locale,
        customer_id=customer.id,
        lines=tuple(OrderLine(**line.model_dump()) for line in submission.lines),
        total_minor=order.total_minor,
        payment=PaymentMethod(**submission.payment.model_dump()),
        personal=Personal(
            name=customer.name,
            email=customer.email,
            address=Address(**submission.shipping_address.model_dump()),
        ),
        placed_at=order.placed_at,
        deadline_at=order.deadline_at,
        purchase_order_number=submission.purchase_order_number,
        campaign=submission.campaign,
    )
