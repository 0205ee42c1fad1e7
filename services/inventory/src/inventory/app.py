"""Inventory, wired: which event wakes which handler, and what the service is made of."""

from collections.abc import Mapping, Sequence

from fastapi import APIRouter
from shared.contracts import inventory, topics
from shared.contracts.event import Event
from shared.contracts.orders import (
    OrderCancellationRequested,
    OrderCancelled,
    OrderConfirmed,
    OrderExpired,
    OrderPlaced,
    OrderRejected,
)
from shared.messaging.group import ConsumerGroup, Handler
from shared.service import Running, Service

from inventory import api
from inventory.handlers.cancel_fulfilment import cancel_fulfilment
from inventory.handlers.open_fulfilment_order import open_fulfilment_order
from inventory.handlers.release_stock import release_stock
from inventory.handlers.reserve_stock import reserve_stock
from inventory.invariants import INVARIANTS
from inventory.settings import InventorySettings
from inventory.work import InventoryWork

HANDLERS: Mapping[type[Event], Handler] = {
    OrderPlaced: reserve_stock,
    OrderConfirmed: open_fulfilment_order,
    OrderRejected: release_stock,
    OrderExpired: release_stock,
    OrderCancelled: release_stock,
    OrderCancellationRequested: cancel_fulfilment,
}


def build(settings: InventorySettings) -> Service:
    """The service, not yet started."""
    return Service(
        name="inventory",
        settings=settings,
        unit_of_work=InventoryWork,
        groups=(ConsumerGroup("inventory", (topics.ORDERS,), HANDLERS),),
        publishes=inventory.EVENTS,
        routes=routes,
        invariants=INVARIANTS,
    )


def routes(running: Running) -> Sequence[APIRouter]:
    return [api.router(running.transactions, running.pool)]
