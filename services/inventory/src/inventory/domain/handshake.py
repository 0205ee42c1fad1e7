"""The merchant asks a partner to fulfil, and later perhaps to stop: who may answer what, when."""

from dataclasses import dataclass, replace
from typing import Literal

from inventory.domain.order import (
    AlreadyDispatched,
    Changed,
    Illegal,
    OrderHolds,
    Repeated,
    cancel_fulfilment,
)

CancellationAnswer = Literal["accepted", "refused"]


@dataclass(frozen=True, slots=True)
class PartnerAsked:
    """A partner has accepted the order: whether it can still be cancelled, only they know."""

    order: OrderHolds


def request(order: OrderHolds) -> Changed | Repeated | Illegal:
    """Ask the partner to fulfil; after a rejection they may be asked again."""
    match order.request_status:
        case "unsubmitted" | "rejected":
            if order.fulfilment_status != "open":
                return Illegal(order.progress)
            return Changed(replace(order, request_status="requested"))
        case "requested":
            return Repeated()
        case "accepted":
            return Illegal(order.request_status)


def accept(order: OrderHolds) -> Changed | Repeated | Illegal:
    """The partner will fulfil it."""
    return _answer(order, "accepted")


def reject(order: OrderHolds) -> Changed | Repeated | Illegal:
    """The partner will not fulfil it; it stays open for another."""
    return _answer(order, "rejected")


def _answer(
    order: OrderHolds, answer: Literal["accepted", "rejected"]
) -> Changed | Repeated | Illegal:
    if order.request_status == answer:
        return Repeated()
    if order.request_status != "requested":
        return Illegal(order.request_status)
    if order.fulfilment_status != "open":
        return Illegal(order.progress)
    return Changed(replace(order, request_status=answer))


def ask_to_cancel(order: OrderHolds) -> PartnerAsked | Changed | AlreadyDispatched | Repeated:
    """Cancel at once, unless a partner has accepted the order and nothing of it has left.

    Raises ``IllegalTransition`` when there is no fulfilment order.
    """
    if order.fulfilment_status != "open" or order.request_status != "accepted":
        return cancel_fulfilment(order)
    if order.cancellation_status == "requested":
        return Repeated()
    return PartnerAsked(replace(order, cancellation_status="requested"))


def answer_cancellation(
    order: OrderHolds, answer: CancellationAnswer
) -> Changed | Repeated | Illegal:
    """The partner says whether the fulfilment order is cancelled.

    What has left cannot be cancelled any more, but a refusal is still an answer: the release
    before this one dispatches without giving it.
    """
    if order.cancellation_status == answer:
        return Repeated()
    if order.cancellation_status != "requested":
        return Illegal(order.cancellation_status)
    if order.fulfilment_status == "cancelled":
        return Illegal(order.progress)
    match answer:
        case "accepted" if order.dispatched:
            return Illegal(order.progress)
        case "accepted":
            cancelled = replace(order, fulfilment_status="cancelled")
            return Changed(replace(cancelled, cancellation_status="accepted"))
        case "refused":
            return Changed(replace(order, cancellation_status="refused"))
