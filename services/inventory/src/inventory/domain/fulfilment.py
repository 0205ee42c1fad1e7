"""What may be sent to the customer, and the shipments that were."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from shared.contracts.inventory import Hold, ShipmentLine

from inventory.domain.reservation import Line, Reserved, Shortage, plan_reservation


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


def plan_dispatch(lines: Iterable[Line], held: Iterable[Hold]) -> Reserved | Shortage:
    """From where to send ``lines``, out of what the order holds and has not been sent."""
    by_location: dict[str, dict[str, int]] = {}
    for hold in held:
        by_location.setdefault(hold.sku, {})[hold.location] = hold.quantity
    return plan_reservation(lines, by_location)
