"""Orders and facts to try the orders service's rules on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from orders.domain.lifecycle import advance
from orders.domain.order import Fulfilment, Order, Payment, Status, Stock
from orders.domain.steps import CancelRequested, DeadlinePassed, Refused, Step
from shared.contracts.inventory import (
    CancellationRefused,
    FulfilmentLine,
    FulfilmentOrderCancelled,
    FulfilmentOrderOpened,
    Hold,
    ShipmentDelivered,
    ShipmentDispatched,
    ShipmentLine,
    StockRejected,
    StockRejectionReason,
    StockReleased,
    StockReserved,
)
from shared.contracts.payments import (
    DeclineReason,
    PaymentCaptured,
    PaymentDeclined,
    PaymentRefunded,
    PaymentVoided,
)

ORDER_ID = "ord_1"
TOTAL = 1530
NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
HOLDS = (Hold(sku="85123A", location="main", quantity=6),)
PAYMENT = {
    "order_id": ORDER_ID,
    "payment_id": "pay_1",
    "amount_minor": TOTAL,
    "currency": "GBP",
}

CANCEL = CancelRequested("customer")
DEADLINE = DeadlinePassed()
VOIDED = PaymentVoided.model_validate(PAYMENT)
RESERVED = StockReserved(order_id=ORDER_ID, holds=HOLDS)
RELEASED = StockReleased(order_id=ORDER_ID, holds=HOLDS)
DISPATCHED_ALREADY = CancellationRefused(order_id=ORDER_ID, reason="already-dispatched")
TO_SEND = (FulfilmentLine(sku="85123A", location="main", quantity=6),)
OPENED = FulfilmentOrderOpened(order_id=ORDER_ID, fulfilment_order_id="ffo_1", lines=TO_SEND)
CLOSED = FulfilmentOrderCancelled(order_id=ORDER_ID, fulfilment_order_id="ffo_1")


def captured(*, late: bool = False) -> PaymentCaptured:
    return PaymentCaptured.model_validate({**PAYMENT, "late": late})


def declined(reason: DeclineReason = "declined") -> PaymentDeclined:
    return PaymentDeclined.model_validate({**PAYMENT, "reason": reason})


def refunded(
    minor: int = TOTAL, so_far: int | None = None, captured_minor: int | None = None
) -> PaymentRefunded:
    more = {
        "amount_minor": minor,
        "refunded_minor": so_far or minor,
        "captured_minor": captured_minor,
    }
    refund = {"refund_id": "pay_1-refund-1", "reason": "order-cancelled"}
    return PaymentRefunded.model_validate({**PAYMENT, **more, **refund})


def short(reason: StockRejectionReason = "out-of-stock") -> StockRejected:
    return StockRejected(order_id=ORDER_ID, reason=reason)


def dispatched(*, complete: bool, shipment_id: str = "shp_1") -> ShipmentDispatched:
    return ShipmentDispatched(
        order_id=ORDER_ID,
        fulfilment_order_id="ffo_1",
        shipment_id=shipment_id,
        carrier="Royal Post",
        tracking_number="RP1",
        lines=(ShipmentLine(sku="85123A", quantity=1),),
        complete=complete,
    )


def delivered(*, complete: bool) -> ShipmentDelivered:
    return ShipmentDelivered(
        order_id=ORDER_ID, fulfilment_order_id="ffo_1", shipment_id="shp_1", complete=complete
    )


# One of each kind; a kind with a member that decides where it leads, once for each value.
FACTS: tuple[Any, ...] = (
    captured(),
    captured(late=True),
    declined(),
    declined("deadline-passed"),
    VOIDED,
    refunded(),
    refunded(1),
    RESERVED,
    short(),
    short("deadline-passed"),
    RELEASED,
    DISPATCHED_ALREADY,
    OPENED,
    CLOSED,
    dispatched(complete=False),
    dispatched(complete=True),
    delivered(complete=False),
    delivered(complete=True),
    CANCEL,
    DEADLINE,
)


def an_order(status: Status = Status.PENDING, **changes: Any) -> Order:
    """An order as it looks soon after it got to ``status``."""
    order = Order(
        order_id=ORDER_ID,
        tenant="default",
        client_reference="web-1001",
        status=status,
        payment=Payment.PENDING,
        stock=Stock.PENDING,
        fulfilment=Fulfilment.NONE,
        reasons="",
        cancel_reason="",
        currency="GBP",
        total_minor=TOTAL,
        version=1,
        placed_at=NOW,
        deadline_at=NOW + timedelta(minutes=15),
    )
    good = {"payment": Payment.CAPTURED, "stock": Stock.RESERVED, "fulfilment": Fulfilment.OPEN}
    usual: dict[Status, dict[str, Any]] = {
        Status.CONFIRMED: good,
        Status.CANCELLING: {**good, "cancel_reason": "customer"},
        Status.COMPLETED: {**good, "fulfilment": Fulfilment.DELIVERED},
        Status.REJECTED: {"payment": Payment.DECLINED, "reasons": "payment-declined"},
        Status.CANCELLED: {"cancel_reason": "customer"},
    }
    return replace(order, **{**usual.get(status, {}), **changes})


def take(order: Order, fact: Any) -> Step:
    """Where ``fact`` leads when it is not refused."""
    result = advance(order, fact)
    assert isinstance(result, Step), result
    return result


def refusal(order: Order, fact: Any) -> str:
    result = advance(order, fact)
    assert isinstance(result, Refused), result
    return result.status


def after(*facts: Any, order: Order | None = None) -> Order:
    """The order after all of ``facts``."""
    now = order or an_order()
    for fact in facts:
        now = take(now, fact).order
    return now


def told(order: Order, *facts: Any) -> list[str]:
    """The names of the events that ``facts`` lead to, one after the other."""
    names: list[str] = []
    for fact in facts:
        step = take(order, fact)
        names += [type(event).__name__ for event in step.events]
        order = step.order
    return names
