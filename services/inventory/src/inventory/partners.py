"""The handshake with the partner who fulfils, each step in one transaction."""

from shared.contracts.event import Event
from shared.contracts.inventory import (
    FulfilmentAccepted,
    FulfilmentOrderCancelled,
    FulfilmentRejected,
    FulfilmentRequested,
)

from inventory.bodies import CancellationAnswerBody, RejectionBody
from inventory.domain import handshake
from inventory.domain.fulfilment import REFUSED_BY_PARTNER, about, cancellation_refused
from inventory.domain.order import OrderHolds
from inventory.fulfilment import step
from inventory.views import FulfilmentOrderView
from inventory.work import InventoryWork


async def request(work: InventoryWork, fulfilment_order_id: str) -> FulfilmentOrderView:
    """The merchant asks the partner -> FulfilmentRequested, once; raises ``Problem`` 404, 409."""
    return await step(
        work,
        fulfilment_order_id,
        handshake.request,
        lambda order: FulfilmentRequested(**about(order)),
    )


async def accept(work: InventoryWork, fulfilment_order_id: str) -> FulfilmentOrderView:
    """The partner accepts -> FulfilmentAccepted, once; raises ``Problem`` 404, 409."""
    return await step(
        work,
        fulfilment_order_id,
        handshake.accept,
        lambda order: FulfilmentAccepted(**about(order)),
    )


async def reject(
    work: InventoryWork, fulfilment_order_id: str, body: RejectionBody
) -> FulfilmentOrderView:
    """The partner rejects -> FulfilmentRejected, once; raises ``Problem`` 404, 409."""
    return await step(
        work,
        fulfilment_order_id,
        handshake.reject,
        lambda order: FulfilmentRejected(**about(order), reason=body.reason),
    )


async def answer_cancellation(
    work: InventoryWork, fulfilment_order_id: str, body: CancellationAnswerBody
) -> FulfilmentOrderView:
    """The partner answers -> FulfilmentOrderCancelled | CancellationRefused, once.

    Raises ``Problem`` 404, and 409 when they were not asked.
    """

    def told(order: OrderHolds) -> Event:
        match body.answer:
            case "accepted":
                return FulfilmentOrderCancelled(**about(order))
            case "refused":
                return cancellation_refused(order, body.reason or REFUSED_BY_PARTNER)

    return await step(
        work,
        fulfilment_order_id,
        lambda order: handshake.answer_cancellation(order, body.answer),
        told,
    )
