"""The payments service: which event wakes which handler, and what it is made of."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial

from fastapi import APIRouter
from shared.contracts import topics
from shared.contracts.event import Event
from shared.contracts.orders import OrderCancelled, OrderExpired, OrderPlaced, OrderRejected
from shared.contracts.payments import (
    PaymentCaptured,
    PaymentDeclined,
    PaymentRefunded,
    PaymentVoided,
)
from shared.messaging.group import ConsumerGroup, Handler
from shared.service import Running, Service, Timer
from shared.work.slots import Slots
from shared.work.worker import Worker

from payments.api import router
from payments.calls.compared import Shown
from payments.calls.desk import Desk
from payments.calls.perform import perform
from payments.calls.reconcile import Schedule, reconcile
from payments.calls.sweep import Sweeper, sweep
from payments.event_api import event_router
from payments.handlers.request_charge import request_charge
from payments.handlers.settle_ended_order import settle_ended_order
from payments.hearing import Sender
from payments.http_provider import HttpProvider
from payments.invariants import INVARIANTS
from payments.ledger_api import ledger_router
from payments.provider import Provider
from payments.retention import retention
from payments.settings import PaymentsSettings
from payments.unit_of_work import PaymentsWork

HANDLERS: Mapping[type[Event], Handler] = {
    OrderPlaced: request_charge,
    OrderRejected: settle_ended_order,
    OrderExpired: settle_ended_order,
    OrderCancelled: settle_ended_order,
}
# How often a comparison that is due, or was left off, is looked for.
RECONCILE_LOOK_S = 10.0
PUBLISHES = (PaymentCaptured, PaymentDeclined, PaymentVoided, PaymentRefunded)


def build(settings: PaymentsSettings, provider: Provider | None = None) -> Service:
    """The service as ``settings`` say; tests give their own ``provider``."""
    http = HttpProvider(
        str(settings.provider_url), settings.call_timeout_s, 2 * settings.provider_calls_max
    )
    calls, shown = provider or http, Shown()

    async def sweep_charges(running: Running) -> None:
        await sweep(_desk(running, settings), calls)

    async def compare_lists(running: Running) -> None:
        desk = _desk(running, settings)
        await reconcile(desk, calls, _schedule(settings))
        await shown.look(desk, settings.provider_name)

    return Service(
        name="payments",
        settings=settings,
        unit_of_work=partial(PaymentsWork, limits=settings.limits),
        groups=(ConsumerGroup("payments", (topics.ORDERS,), HANDLERS),),
        publishes=PUBLISHES,
        invariants=INVARIANTS,
        retention=retention(settings),
        routes=lambda running: _routes(running, settings, calls),
        worker=lambda running: _worker(running, settings, calls, None if provider else http.room),
        timers=(
            Timer("sweep", settings.sweep_interval_s, sweep_charges),
            Timer("reconcile", min(settings.reconcile_interval_s, RECONCILE_LOOK_S), compare_lists),
        ),
        close=http.close,
    )


def _routes(
    running: Running, settings: PaymentsSettings, provider: Provider
) -> Sequence[APIRouter]:
    settle = settings.limits.settle_after
    sender = Sender(settings.provider_name, settings.webhook_keys, settle)
    sweeper = Sweeper(_desk(running, settings), provider)
    return (router(running), ledger_router(running), event_router(running, sender, sweeper.wake))


def _worker(
    running: Running,
    settings: PaymentsSettings,
    provider: Provider,
    room: Callable[[], int] | None,
) -> Worker:
    slots = Slots(settings.provider_calls_max)
    desk = _desk(running, settings)
    return Worker(
        transactions=running.transactions,
        owner=settings.instance_name,
        perform=partial(perform, desk=desk, provider=provider, slots=slots),
        slots=slots,
        lease_s=settings.lease_s,
        room=room,
    )


def _schedule(settings: PaymentsSettings) -> Schedule:
    settle = settings.limits.settle_after
    keep = timedelta(days=settings.provider_movements_retention_days)
    return Schedule(settings.provider_name, settings.reconcile_interval_s, settle, keep)


def _desk(running: Running, settings: PaymentsSettings) -> Desk:
    return Desk(running.transactions, settings.limits, settings.lease_s)
