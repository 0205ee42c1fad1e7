"""The orders service: which event wakes which handler, and how the parts are put together."""

from collections.abc import Mapping
from functools import partial

from shared.contracts import topics
from shared.contracts.event import Event
from shared.contracts.inventory import (
    CancellationRefused,
    FulfilmentCancellationRequested,
    FulfilmentOrderCancelled,
    FulfilmentOrderOpened,
    ShipmentDelivered,
    ShipmentDispatched,
    StockRejected,
    StockReleased,
    StockReserved,
)
from shared.contracts.orders import EVENTS
from shared.contracts.payments import (
    PaymentCaptured,
    PaymentDeclined,
    PaymentRefunded,
    PaymentVoided,
)
from shared.contracts.storefront import OrderCancellationSubmitted, OrderSubmitted
from shared.messaging.group import ConsumerGroup, Handler
from shared.service import Running, Service, Timer

from orders import api
from orders.admission import Admission
from orders.handlers.advance_order import advance_order
from orders.handlers.cancel_submitted import cancel_submitted
from orders.handlers.expire_orders import expire_orders
from orders.handlers.note_partner_asked import note_partner_asked
from orders.handlers.place_submitted import place_submitted
from orders.invariants import INVARIANTS
from orders.settings import OrdersSettings
from orders.waiting import Waiting
from orders.work import OrdersWork

HANDLERS: Mapping[type[Event], Handler] = {
    PaymentCaptured: advance_order,
    PaymentDeclined: advance_order,
    PaymentVoided: advance_order,
    PaymentRefunded: advance_order,
    StockReserved: advance_order,
    StockRejected: advance_order,
    StockReleased: advance_order,
    CancellationRefused: advance_order,
    FulfilmentOrderOpened: advance_order,
    FulfilmentCancellationRequested: note_partner_asked,
    FulfilmentOrderCancelled: advance_order,
    ShipmentDispatched: advance_order,
    ShipmentDelivered: advance_order,
}


def intake_handlers(admission: Admission) -> Mapping[type[Event], Handler]:
    """What storefronts submit on their topic."""
    return {
        OrderSubmitted: partial(place_submitted, admission=admission),
        OrderCancellationSubmitted: cancel_submitted,
    }


def build(settings: OrdersSettings) -> Service:
    """Put the service together; nothing is opened yet."""
    admission = Admission(settings.deadline_s)
    intake = intake_handlers(admission)

    async def has_room(running: Running) -> bool:
        return await admission.has_room(running, settings.pending_orders_max)

    async def expire(running: Running) -> float | None:
        return await expire_orders(running, deadline_s=settings.deadline_s)

    waiting = Waiting()
    return Service(
        name="orders",
        settings=settings,
        unit_of_work=OrdersWork,
        groups=(
            ConsumerGroup(
                "orders", (topics.PAYMENTS, topics.INVENTORY, topics.FULFILMENT), HANDLERS
            ),
            ConsumerGroup("orders-intake", (topics.STOREFRONT_ORDERS,), intake),
        ),
        publishes=EVENTS,
        routes=lambda running: api.routes(running, settings, waiting, admission),
        timers=(
            Timer("deadlines", settings.deadline_interval_s, expire),
            Timer("waiting", Waiting.INTERVAL_S, waiting.look),
            Timer("admission", Admission.INTERVAL_S, admission.look),
        ),
        invariants=INVARIANTS,
        gates={"orders-intake": has_room},
    )
