"""What the records of an order say about it, folded into one row."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.contracts import inventory, orders, payments, topics
from shared.contracts.event import Event

from console.domain.facts import Fact

PENDING, CANCELLING = "pending", "cancelling"
STATUS: Mapping[type[Event], str] = {
    orders.OrderPlaced: PENDING,
    orders.OrderConfirmed: "confirmed",
    orders.OrderRejected: "rejected",
    orders.OrderExpired: "expired",
    orders.OrderCancellationRequested: CANCELLING,
    orders.OrderCancellationRefused: "confirmed",
    orders.OrderCancelled: "cancelled",
    orders.OrderPartiallyShipped: "partially_shipped",
    orders.OrderShipped: "shipped",
    orders.OrderDelivered: "delivered",
    payments.PaymentAuthorized: "authorized",
    payments.PaymentCaptured: "captured",
    payments.PaymentDeclined: "declined",
    payments.PaymentVoided: "voided",
    payments.PaymentRefunded: "refunded",
    inventory.StockReserved: "reserved",
    inventory.StockRejected: "rejected",
    inventory.StockReleased: "released",
    inventory.FulfilmentOrderOpened: "open",
    inventory.FulfilmentRequested: "requested",
    inventory.FulfilmentAccepted: "accepted",
    inventory.FulfilmentRejected: "rejected",
    inventory.FulfilmentOrderProcessingStarted: "processing",
    inventory.FulfilmentOrderCancelled: "cancelled",
    inventory.ShipmentDispatched: "dispatched",
    inventory.ShipmentInTransit: "in_transit",
    inventory.ShipmentOutForDelivery: "out_for_delivery",
    inventory.ShipmentReadyForPickup: "ready_for_pickup",
    inventory.ShipmentDeliveryAttemptFailed: "failed_attempt",
    inventory.ShipmentReturnedToSender: "returned_to_sender",
    inventory.ShipmentDelivered: "delivered",
}
"""Where an event leaves the order, on the axis of its topic; one that is not here moves nothing."""

AXES = {
    topics.ORDERS: "status",
    topics.PAYMENTS: "payment",
    topics.INVENTORY: "stock",
    topics.FULFILMENT: "fulfilment",
}
OUTCOMES = ("confirmed", "rejected", "expired", "cancelled")
STATUSES = (PENDING, *OUTCOMES, CANCELLING, "partially_shipped", "shipped", "delivered")
AMOUNT_MAX = 2**53

_BY_TYPE = {event.type: (AXES[event.topic], word) for event, word in STATUS.items()}


@dataclass(slots=True)
class Picture:
    """What one batch tells of an order; None and 0 where it tells nothing.

    ``outcome`` is the first decision. Amounts are minor units of ``currency``; ``refunded_minor``
    is the sum of all refunds. The axes have the sequence of what was told last on their topic.
    """

    order_id: str
    client_reference: str | None = None
    tenant: str | None = None
    channel: str | None = None
    currency: str | None = None
    customer_id: str | None = None
    total_minor: int | None = None
    placed_at: datetime | None = None
    deadline_at: datetime | None = None
    status: str | None = None
    status_sequence: int = 0
    payment: str | None = None
    payment_sequence: int = 0
    stock: str | None = None
    stock_sequence: int = 0
    fulfilment: str | None = None
    fulfilment_sequence: int = 0
    outcome: str | None = None
    decided_at: datetime | None = None
    captured_minor: int = 0
    refunded_minor: int = 0
    trace_id: str | None = None
    told_at: datetime | None = None


def fold(facts: Iterable[Fact]) -> list[Picture]:
    """The orders that ``facts`` tell of, by id: the order in which rows are locked."""
    found: dict[str, Picture] = {}
    for fact in filter(is_of_an_order, facts):
        _add(found.setdefault(fact.key, Picture(fact.key)), fact)
    return [found[order_id] for order_id in sorted(found)]


def is_of_an_order(fact: Fact) -> bool:
    """Whether its key is an order's id; a refused submission's, say, is the storefront's own."""
    return fact.type in EVENTS and fact.problem is None and fact.order_id is not None


def _add(picture: Picture, fact: Fact) -> None:
    axis, word = _BY_TYPE.get(fact.type, ("", ""))
    if axis and fact.sequence > getattr(picture, f"{axis}_sequence"):
        setattr(picture, axis, word)
        setattr(picture, f"{axis}_sequence", fact.sequence)
    if axis == "status" and word in OUTCOMES and picture.outcome is None:
        picture.outcome, picture.decided_at = word, fact.at
    if note := _NOTES.get(fact.type):
        note(picture, fact.data)
    picture.trace_id = picture.trace_id or fact.trace_id or None
    picture.told_at = max(filter(None, (picture.told_at, fact.at)), default=None)


def _placed(picture: Picture, data: Mapping[str, Any]) -> None:
    for name in ("client_reference", "tenant", "channel", "currency", "customer_id"):
        value = data.get(name)
        setattr(picture, name, value if isinstance(value, str) else None)
    picture.total_minor = _amount(data.get("total_minor"))
    picture.placed_at = _moment(data.get("placed_at"))
    picture.deadline_at = _moment(data.get("deadline_at"))


def _captured(picture: Picture, data: Mapping[str, Any]) -> None:
    picture.captured_minor = max(picture.captured_minor, _amount(data.get("amount_minor")))


def _refunded(picture: Picture, data: Mapping[str, Any]) -> None:
    picture.refunded_minor = max(picture.refunded_minor, _amount(data.get("refunded_minor")))


def _amount(value: Any) -> int:
    return value if isinstance(value, int) and 0 <= value <= AMOUNT_MAX else 0


def _moment(value: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return at if at.tzinfo is not None else None


_NOTES: Mapping[str, Callable[[Picture, Mapping[str, Any]], None]] = {
    orders.OrderPlaced.type: _placed,
    payments.PaymentCaptured.type: _captured,
    payments.PaymentRefunded.type: _refunded,
}
EVENTS = frozenset(
    event.type
    for event in (*orders.EVENTS, *payments.EVENTS, *inventory.EVENTS)
    if event.keyed_by_order and event is not orders.StorefrontOrderRefused
)
