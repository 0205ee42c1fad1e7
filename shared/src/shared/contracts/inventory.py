"""What the inventory service tells: stock held and released, and what partners fulfil."""

from datetime import datetime
from typing import ClassVar, Literal

from shared.contracts import topics
from shared.contracts.event import Event, Value

StockRejectionReason = Literal["out-of-stock", "deadline-passed"]


class Hold(Value):
    sku: str
    location: str
    quantity: int


class Shortage(Value):
    sku: str
    requested: int
    available: int


class InventoryEvent(Event):
    topic: ClassVar[str] = topics.INVENTORY


class StockReserved(InventoryEvent):
    type: ClassVar[str] = "inventory.stock-reserved.v1"
    holds: tuple[Hold, ...]


class StockRejected(InventoryEvent):
    type: ClassVar[str] = "inventory.stock-rejected.v1"
    reason: StockRejectionReason
    missing: tuple[Shortage, ...] = ()


class StockReleased(InventoryEvent):
    type: ClassVar[str] = "inventory.stock-released.v1"
    holds: tuple[Hold, ...]


class CancellationRefused(InventoryEvent):
    """``already-dispatched`` when the goods are on their way; otherwise what the partner says.

    A partner who gives no reason has ``refused-by-partner``.
    """

    type: ClassVar[str] = "inventory.cancellation-refused.v1"
    reason: str


class FulfilmentEvent(Event):
    """For partners: no personal data.

    ``seller_ids`` are those whose goods it is about, sorted; none when all are the shop's own.
    """

    topic: ClassVar[str] = topics.FULFILMENT
    fulfilment_order_id: str
    seller_ids: tuple[str, ...] = ()


class FulfilmentLine(Hold):
    """``seller_id`` is whose it is; null for the shop's own, and where several sell the SKU."""

    seller_id: str | None = None


class ShipmentLine(Value):
    """``seller_id`` is whose it is; null for the shop's own, and where several sell the SKU."""

    sku: str
    quantity: int
    seller_id: str | None = None


class FulfilmentOrderOpened(FulfilmentEvent):
    type: ClassVar[str] = "fulfilment.fulfilment-order-opened.v1"
    lines: tuple[FulfilmentLine, ...]


class FulfilmentOrderProcessingStarted(FulfilmentEvent):
    """The goods are being picked and packed."""

    type: ClassVar[str] = "fulfilment.fulfilment-order-processing-started.v1"


class FulfilmentRequested(FulfilmentEvent):
    """The merchant asks the partner to fulfil it."""

    type: ClassVar[str] = "fulfilment.fulfilment-requested.v1"


class FulfilmentAccepted(FulfilmentEvent):
    """The partner will fulfil it; from now on they decide whether it can be cancelled."""

    type: ClassVar[str] = "fulfilment.fulfilment-accepted.v1"


class FulfilmentRejected(FulfilmentEvent):
    """The partner will not fulfil it; it stays open."""

    type: ClassVar[str] = "fulfilment.fulfilment-rejected.v1"
    reason: str


class FulfilmentCancellationRequested(FulfilmentEvent):
    """The customer wants to cancel what the partner has accepted: they are to answer."""

    type: ClassVar[str] = "fulfilment.fulfilment-cancellation-requested.v1"


class FulfilmentOrderCancelled(FulfilmentEvent):
    type: ClassVar[str] = "fulfilment.fulfilment-order-cancelled.v1"


class ShipmentDispatched(FulfilmentEvent):
    """``complete`` when nothing of the fulfilment order is left to dispatch."""

    type: ClassVar[str] = "fulfilment.shipment-dispatched.v1"
    shipment_id: str
    carrier: str
    tracking_number: str
    lines: tuple[ShipmentLine, ...]
    complete: bool


class ShipmentProgressed(FulfilmentEvent):
    """What a carrier tells of a parcel on its way; ``occurred_at`` is the carrier's time.

    Parcels are told of in the order the news came, which need not be the order of
    ``occurred_at``.
    """

    shipment_id: str
    occurred_at: datetime
    note: str = ""


class ShipmentInTransit(ShipmentProgressed):
    """The carrier has it, and it moves."""

    type: ClassVar[str] = "fulfilment.shipment-in-transit.v1"


class ShipmentOutForDelivery(ShipmentProgressed):
    """It is on the vehicle that brings it to the door."""

    type: ClassVar[str] = "fulfilment.shipment-out-for-delivery.v1"


class ShipmentReadyForPickup(ShipmentProgressed):
    """It waits at a pickup point to be fetched."""

    type: ClassVar[str] = "fulfilment.shipment-ready-for-pickup.v1"


class ShipmentDeliveryAttemptFailed(ShipmentProgressed):
    """Nobody took it; there may be another attempt."""

    type: ClassVar[str] = "fulfilment.shipment-delivery-attempt-failed.v1"


class ShipmentReturnedToSender(ShipmentProgressed):
    """It will not arrive: nothing more is told of this parcel."""

    type: ClassVar[str] = "fulfilment.shipment-returned-to-sender.v1"


class ShipmentDelivered(FulfilmentEvent):
    """``complete`` when every unit of the fulfilment order has been delivered."""

    type: ClassVar[str] = "fulfilment.shipment-delivered.v1"
    shipment_id: str
    complete: bool


EVENTS: tuple[type[Event], ...] = (
    StockReserved,
    StockRejected,
    StockReleased,
    CancellationRefused,
    FulfilmentOrderOpened,
    FulfilmentRequested,
    FulfilmentAccepted,
    FulfilmentRejected,
    FulfilmentOrderProcessingStarted,
    FulfilmentCancellationRequested,
    FulfilmentOrderCancelled,
    ShipmentDispatched,
    ShipmentInTransit,
    ShipmentOutForDelivery,
    ShipmentReadyForPickup,
    ShipmentDeliveryAttemptFailed,
    ShipmentReturnedToSender,
    ShipmentDelivered,
)
