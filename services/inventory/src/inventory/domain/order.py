"""What inventory knows of one order, and how its hold and its fulfilment order may change."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from shared.errors import Permanent

from inventory.domain.sellers import NOBODY

HoldStatus = Literal["none", "held", "rejected", "released"]
FulfilmentStatus = Literal["none", "open", "partially_shipped", "shipped", "delivered", "cancelled"]
FulfilmentProgress = Literal[FulfilmentStatus, "processing"]
RequestStatus = Literal["unsubmitted", "requested", "accepted", "rejected"]
CancellationStatus = Literal["none", "requested", "accepted", "refused"]


class IllegalTransition(Permanent):
    """An event that cannot follow what the order went through: for people to look at."""

    def __init__(self, order: "OrderHolds", wanted: str) -> None:
        super().__init__(f"{wanted}: hold {order.status}, fulfilment {order.fulfilment_status}")
        self.order_id = order.order_id


@dataclass(frozen=True, slots=True)
class OrderHolds:
    """The one row per order. ``status`` is the hold's; ``released`` means the order has ended.

    ``sellers`` is what ``sellers_of`` has made of its lines. ``request_status`` is what was said
    with the partner who fulfils, ``cancellation_status`` what was said of cancelling after that.
    """

    order_id: str
    tenant: str = "default"
    status: HoldStatus = "none"
    fulfilment_order_id: str | None = None
    fulfilment_status: FulfilmentStatus = "none"
    fulfilment_opened_at: datetime | None = None
    processing_started_at: datetime | None = None
    sellers: str = NOBODY
    request_status: RequestStatus = "unsubmitted"
    cancellation_status: CancellationStatus = "none"

    @property
    def progress(self) -> FulfilmentProgress:
        """The fulfilment's status; ``processing`` while an open one is picked and packed."""
        if self.fulfilment_status == "open" and self.processing_started_at is not None:
            return "processing"
        return self.fulfilment_status

    @property
    def dispatched(self) -> bool:
        """Whether any unit has left."""
        return self.fulfilment_status in ("partially_shipped", "shipped", "delivered")


@dataclass(frozen=True, slots=True)
class Changed:
    """The order as it is now."""

    order: OrderHolds


@dataclass(frozen=True, slots=True)
class Repeated:
    """It was so already; there is nothing to do or to tell."""


@dataclass(frozen=True, slots=True)
class AlreadyDispatched:
    """Goods are on their way; what was sent cannot be called back."""


@dataclass(frozen=True, slots=True)
class Illegal:
    """It was not done: that cannot follow ``status``."""

    status: str


def answered(
    order: OrderHolds, tenant: str, status: Literal["held", "rejected"], sellers: str = NOBODY
) -> OrderHolds:
    """Placed, and told whether its lines are held; ``sellers`` is whose they are."""
    return replace(order, tenant=tenant, status=status, sellers=sellers)


def end(order: OrderHolds) -> Changed | Repeated:
    """Rejected, expired or cancelled. Raises ``IllegalTransition`` once goods have left."""
    if order.dispatched:
        raise IllegalTransition(order, "end")
    match order.status:
        case "released" | "rejected":
            return Repeated()
        case "none" | "held":
            open_now = order.fulfilment_status == "open"
            fulfilment = "cancelled" if open_now else order.fulfilment_status
            return Changed(replace(order, status="released", fulfilment_status=fulfilment))


def open_fulfilment(
    order: OrderHolds, fulfilment_order_id: str, now: datetime
) -> Changed | Repeated:
    """Confirmed. Raises ``IllegalTransition`` when nothing is held for it."""
    if order.fulfilment_status != "none":
        return Repeated()
    if order.status != "held":
        raise IllegalTransition(order, "open a fulfilment order")
    return Changed(
        replace(
            order,
            fulfilment_order_id=fulfilment_order_id,
            fulfilment_status="open",
            fulfilment_opened_at=now,
        )
    )


def cancel_fulfilment(order: OrderHolds) -> Changed | AlreadyDispatched | Repeated:
    """Asked to cancel. Raises ``IllegalTransition`` when there is no fulfilment order."""
    match order.fulfilment_status:
        case "open":
            return Changed(replace(order, fulfilment_status="cancelled"))
        case "partially_shipped" | "shipped" | "delivered":
            return AlreadyDispatched()
        case "cancelled":
            return Repeated()
        case "none":
            raise IllegalTransition(order, "cancel a fulfilment order")


def start_processing(order: OrderHolds, now: datetime) -> Changed | Repeated | Illegal:
    """Goods are being picked and packed: told once, and only before the first of them leaves."""
    if order.fulfilment_status != "open":
        return Illegal(order.fulfilment_status)
    if order.processing_started_at is not None:
        return Repeated()
    return Changed(replace(order, processing_started_at=now))


def dispatched(order: OrderHolds, *, complete: bool) -> OrderHolds:
    """A shipment left; ``complete`` when nothing is held any more.

    It is a refusal, should the partner have been asked to cancel.
    """
    asked = order.cancellation_status == "requested"
    return replace(
        order,
        fulfilment_status="shipped" if complete else "partially_shipped",
        cancellation_status="refused" if asked else order.cancellation_status,
    )


def delivered(order: OrderHolds, undelivered: int) -> OrderHolds:
    """A shipment arrived; ``undelivered`` counts the order's other shipments on their way."""
    if order.fulfilment_status == "shipped" and undelivered == 0:
        return replace(order, fulfilment_status="delivered")
    return order
