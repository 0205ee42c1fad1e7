"""The life of an order as one table: in which state which fact leads where.

Answers come in any order, twice, late, or after the end: each such case has its own row. A fact
without a row cannot happen, and raises.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shared.contracts.inventory import (
    CancellationRefused,
    FulfilmentOrderCancelled,
    FulfilmentOrderOpened,
    ShipmentDelivered,
    ShipmentDispatched,
    StockRejected,
    StockReleased,
    StockReserved,
)
from shared.contracts.orders import (
    OrderCancellationRefused,
    OrderCancellationRequested,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderExpired,
    OrderPartiallyShipped,
    OrderRejected,
    OrderShipped,
    RejectionReason,
)
from shared.contracts.payments import (
    PaymentCaptured,
    PaymentDeclined,
    PaymentRefunded,
    PaymentVoided,
)

from orders.domain.order import DISPATCHED, Fulfilment, Order, Payment, Status, Stock
from orders.domain.steps import (
    CancelRequested,
    DeadlinePassed,
    Fact,
    IllegalTransition,
    Refused,
    Rule,
    Step,
)
from orders.domain.telling import about, parcel_of, refund_of


def advance(order: Order, fact: Fact) -> Step | Refused:
    """Apply ``fact``. Raises ``IllegalTransition`` when the table has no row for it.

    What changes or tells something is a version; otherwise the step has the very same order.
    """
    rule = RULES[Status(order.status)].get(type(fact))
    if rule is None:
        raise IllegalTransition(order, fact)
    result = rule(order, fact)
    match result:
        case Step(order=after, events=events) if after != order or events:
            return Step(replace(after, version=order.version + 1), events)
        case Step():
            return Step(order)
        case Refused():
            return result


# While pending: collect both answers, decide when the second is there.


def take_capture(order: Order, fact: PaymentCaptured) -> Step:
    """A capture that was thought not made goes back; otherwise it counts."""
    if order.payment != Payment.PENDING or fact.late:
        returning = replace(order, payment=Payment.REFUND_PENDING)
        return _decide(_because(returning, "payment-declined"))
    return _decide(replace(order, payment=Payment.CAPTURED))


def take_decline(order: Order, fact: PaymentDeclined) -> Step:
    reason: RejectionReason = (
        "deadline-passed" if fact.reason == "deadline-passed" else "payment-declined"
    )
    return _decide(_because(replace(order, payment=Payment.DECLINED), reason))


def take_hold(order: Order, _: StockReserved) -> Step:
    return _decide(replace(order, stock=Stock.RESERVED))


def take_shortage(order: Order, fact: StockRejected) -> Step:
    return _decide(_because(replace(order, stock=Stock.REJECTED), fact.reason))


def expire(order: Order, _: DeadlinePassed) -> Step:
    """A refusal that is known already is the better reason than the clock."""
    if order.reasons:
        return _reject(_because(order, "deadline-passed"))
    ended = _end(order, Status.EXPIRED)
    return Step(ended, (OrderExpired(**about(order)),))


def cancel_at_once(order: Order, fact: CancelRequested) -> Step:
    ended = replace(_end(order, Status.CANCELLED), cancel_reason=fact.reason)
    return Step(ended, (OrderCancelled(**about(order), reason=fact.reason),))


# Confirmed: goods move, or inventory is asked whether they have.


def ask_inventory(order: Order, fact: CancelRequested) -> Step | Refused:
    """What was dispatched cannot be cancelled; whether it was, only inventory knows."""
    if order.fulfilment in DISPATCHED:
        return Refused(order.fulfilment)
    asking = replace(order, status=Status.CANCELLING, cancel_reason=fact.reason)
    return Step(asking, (OrderCancellationRequested(**about(order), reason=fact.reason),))


def note_opening(order: Order, _: FulfilmentOrderOpened) -> Step:
    return Step(replace(order, fulfilment=Fulfilment.OPEN))


def ship(order: Order, fact: ShipmentDispatched) -> Step:
    parcel = parcel_of(fact)
    if fact.complete:
        shipped = replace(order, fulfilment=Fulfilment.SHIPPED)
        return Step(shipped, (OrderShipped(**about(order), parcel=parcel),))
    partly = replace(order, fulfilment=Fulfilment.PARTIALLY_SHIPPED)
    return Step(partly, (OrderPartiallyShipped(**about(order), parcel=parcel),))


def deliver(order: Order, fact: ShipmentDelivered) -> Step:
    if not fact.complete:
        return Step(order)
    done = replace(order, fulfilment=Fulfilment.DELIVERED)
    if order.status == Status.CONFIRMED:
        done = replace(done, status=Status.COMPLETED)
    return Step(done, (OrderDelivered(**about(order)),))


def finish_cancelling(order: Order, _: FulfilmentOrderCancelled) -> Step:
    ended = replace(_end(order, Status.CANCELLED), fulfilment=Fulfilment.CANCELLED)
    return Step(ended, (OrderCancelled(**about(order), reason=order.cancel_reason),))


def put_back(order: Order, fact: CancellationRefused) -> Step:
    delivered = order.fulfilment == Fulfilment.DELIVERED
    status = Status.COMPLETED if delivered else Status.CONFIRMED
    refused = OrderCancellationRefused(**about(order), reason=fact.reason)
    return Step(replace(order, status=status, cancel_reason=""), (refused,))


# At any time: what other services tell of themselves, and what changes nothing.


def note_refund(order: Order, fact: PaymentRefunded) -> Step:
    """A partial refund leaves the payment captured, also of a late charge of another sum."""
    refunded = refund_of(order, fact)
    captured_minor = fact.captured_minor or order.total_minor
    if order.payment == Payment.DECLINED or fact.refunded_minor < captured_minor:
        return Step(order, (refunded,))
    return Step(replace(order, payment=Payment.REFUNDED), (refunded,))


def take_refund(order: Order, fact: PaymentRefunded) -> Step:
    """Money that went back before the order was decided pays for nothing."""
    noted = note_refund(order, fact)
    if noted.order.payment != Payment.REFUNDED:
        return noted
    decided = _decide(_because(noted.order, "payment-declined"))
    return Step(decided.order, (*decided.events, *noted.events))


def note_late_capture(order: Order, _: PaymentCaptured) -> Step:
    return Step(replace(order, payment=Payment.REFUND_PENDING))


def note_late_decline(order: Order, _: PaymentDeclined) -> Step:
    return Step(replace(order, payment=Payment.DECLINED))


def note_void(order: Order, _: PaymentVoided) -> Step:
    return Step(replace(order, payment=Payment.VOIDED))


def note_late_hold(order: Order, _: StockReserved) -> Step:
    return Step(replace(order, stock=Stock.RESERVED))


def note_late_shortage(order: Order, _: StockRejected) -> Step:
    return Step(replace(order, stock=Stock.REJECTED))


def note_release(order: Order, _: StockReleased) -> Step:
    return Step(replace(order, stock=Stock.RELEASED))


def change_nothing(order: Order, _: Fact) -> Step:
    return Step(order)


def refuse_cancellation(order: Order, _: CancelRequested) -> Refused:
    return Refused(order.status if order.status in _ENDED_OTHERWISE else order.fulfilment)


_ENDED_OTHERWISE = (Status.REJECTED, Status.EXPIRED)

_AFTER_THE_END: Mapping[type[Any], Rule] = {
    PaymentCaptured: note_late_capture,
    PaymentDeclined: note_late_decline,
    PaymentVoided: note_void,
    PaymentRefunded: note_refund,
    StockReserved: note_late_hold,
    StockRejected: note_late_shortage,
    StockReleased: note_release,
    FulfilmentOrderCancelled: change_nothing,
    DeadlinePassed: change_nothing,
}

RULES: Mapping[Status, Mapping[type[Any], Rule]] = {
    Status.PENDING: {
        PaymentCaptured: take_capture,
        PaymentDeclined: take_decline,
        PaymentRefunded: take_refund,
        StockReserved: take_hold,
        StockRejected: take_shortage,
        CancelRequested: cancel_at_once,
        DeadlinePassed: expire,
    },
    Status.CONFIRMED: {
        PaymentRefunded: note_refund,
        FulfilmentOrderOpened: note_opening,
        ShipmentDispatched: ship,
        ShipmentDelivered: deliver,
        CancelRequested: ask_inventory,
        DeadlinePassed: change_nothing,
    },
    Status.CANCELLING: {
        PaymentRefunded: note_refund,
        FulfilmentOrderOpened: note_opening,
        FulfilmentOrderCancelled: finish_cancelling,
        CancellationRefused: put_back,
        ShipmentDispatched: ship,
        ShipmentDelivered: deliver,
        CancelRequested: change_nothing,
        DeadlinePassed: change_nothing,
    },
    Status.COMPLETED: {
        PaymentRefunded: note_refund,
        CancelRequested: refuse_cancellation,
        DeadlinePassed: change_nothing,
    },
    Status.REJECTED: {**_AFTER_THE_END, CancelRequested: refuse_cancellation},
    Status.EXPIRED: {**_AFTER_THE_END, CancelRequested: refuse_cancellation},
    Status.CANCELLED: {**_AFTER_THE_END, CancelRequested: change_nothing},
}


def _decide(order: Order) -> Step:
    """Wait for both answers, so that a rejection names every reason."""
    if order.payment == Payment.PENDING or order.stock == Stock.PENDING:
        return Step(order)
    if order.payment == Payment.CAPTURED and order.stock == Stock.RESERVED:
        confirmed = OrderConfirmed(
            **about(order), total_minor=order.total_minor, currency=order.currency
        )
        return Step(replace(order, status=Status.CONFIRMED), (confirmed,))
    return _reject(order)


def _reject(order: Order) -> Step:
    event = OrderRejected(**about(order), reasons=tuple(order.reasons.split(",")))
    return Step(_end(order, Status.REJECTED), (event,))


def _end(order: Order, status: Status) -> Order:
    """An order that ended keeps no money: what was captured is on its way back."""
    captured = order.payment == Payment.CAPTURED
    return replace(
        order, status=status, payment=Payment.REFUND_PENDING if captured else order.payment
    )


def _because(order: Order, reason: RejectionReason) -> Order:
    known = order.reasons.split(",") if order.reasons else []
    return order if reason in known else replace(order, reasons=",".join([*known, reason]))
