"""What may be sent to the customer, and the shipments that were."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from shared.contracts.inventory import CancellationRefused, FulfilmentLine, Hold, ShipmentLine

from inventory.domain.carriage import Checkpoint, ShipmentStatus, as_occurred
from inventory.domain.order import OrderHolds
from inventory.domain.reservation import Line, Reserved, Shortage, plan_reservation
from inventory.domain.sellers import distinct, read_sellers

ALREADY_DISPATCHED = "already-dispatched"
REFUSED_BY_PARTNER = "refused-by-partner"


@dataclass(frozen=True, slots=True)
class Shipment:
    """A parcel of an order's goods; on its way until ``delivered_at``."""

    shipment_id: str
    order_id: str
    fulfilment_order_id: str
    carrier: str
    tracking_number: str
    lines: tuple[ShipmentLine, ...]
    dispatched_at: datetime
    delivered_at: datetime | None = None
    checkpoints: tuple[Checkpoint, ...] = ()

    @property
    def history(self) -> tuple[Checkpoint, ...]:
        """What its carrier told, as it occurred.

        The release that knew of arrivals only keeps ``delivered_at`` alone.
        """
        told = self.checkpoints
        if self.delivered_at and all(one.status != "delivered" for one in told):
            told = (*told, Checkpoint("delivered", self.delivered_at, self.delivered_at))
        return as_occurred(told)

    @property
    def status(self) -> ShipmentStatus:
        """Where it is, by the last that its carrier told."""
        history = self.history
        return history[-1].status if history else "dispatched"


class About(TypedDict):
    """What every event of a fulfilment order says."""

    order_id: str
    tenant: str
    fulfilment_order_id: str
    seller_ids: tuple[str, ...]


def about(order: OrderHolds, lines: Iterable[ShipmentLine] | None = None) -> About:
    """Of an order that has a fulfilment order: all of its goods, or ``lines`` of them."""
    assert order.fulfilment_order_id is not None
    sellers = read_sellers(order.sellers)
    skus = sellers if lines is None else [line.sku for line in lines]
    return About(
        order_id=order.order_id,
        tenant=order.tenant,
        fulfilment_order_id=order.fulfilment_order_id,
        seller_ids=distinct(sellers, skus),
    )


def cancellation_refused(order: OrderHolds, reason: str) -> CancellationRefused:
    """What the orders service is told when a cancellation comes to nothing."""
    return CancellationRefused(order_id=order.order_id, tenant=order.tenant, reason=reason)


def to_send(order: OrderHolds, held: Iterable[Hold]) -> tuple[FulfilmentLine, ...]:
    """What the order holds, with whose it is."""
    sellers = read_sellers(order.sellers)
    return tuple(
        FulfilmentLine(
            sku=hold.sku,
            location=hold.location,
            quantity=hold.quantity,
            seller_id=sellers.get(hold.sku),
        )
        for hold in held
    )


def in_parcel(order: OrderHolds, units: Mapping[str, int]) -> tuple[ShipmentLine, ...]:
    """The lines of a parcel with so many units of each SKU, with whose they are."""
    sellers = read_sellers(order.sellers)
    return tuple(
        ShipmentLine(sku=sku, quantity=quantity, seller_id=sellers.get(sku))
        for sku, quantity in units.items()
    )


def plan_dispatch(lines: Iterable[Line], held: Iterable[Hold]) -> Reserved | Shortage:
    """From where to send ``lines``, out of what the order holds and has not been sent."""
    by_location: dict[str, dict[str, int]] = {}
    for hold in held:
        by_location.setdefault(hold.sku, {})[hold.location] = hold.quantity
    return plan_reservation(lines, by_location)
