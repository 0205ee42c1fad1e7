"""The wiring of notifications, and the table of which event wakes which handler."""

from collections.abc import Mapping
from functools import partial

from shared.contracts import topics
from shared.contracts.event import Event
from shared.contracts.inventory import (
    FulfilmentAccepted,
    FulfilmentCancellationRequested,
    FulfilmentOrderCancelled,
    FulfilmentOrderOpened,
    FulfilmentOrderProcessingStarted,
    FulfilmentRejected,
    FulfilmentRequested,
    ShipmentDelivered,
    ShipmentDeliveryAttemptFailed,
    ShipmentDispatched,
    ShipmentInTransit,
    ShipmentOutForDelivery,
    ShipmentReadyForPickup,
    ShipmentReturnedToSender,
)
from shared.contracts.orders import (
    OrderCancellationRefused,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderExpired,
    OrderPartiallyShipped,
    OrderPlaced,
    OrderRefunded,
    OrderRejected,
    OrderShipped,
)
from shared.giving_way import NICE
from shared.messaging.group import ConsumerGroup, Handler
from shared.service import Running, Service
from shared.work.worker import Worker

from notifications import api
from notifications.handlers.append_to_log import append_to_log
from notifications.handlers.queue_message import queue_message
from notifications.invariants import INVARIANTS
from notifications.mailer import Mailer
from notifications.pacing import INTERVAL_S_MIN
from notifications.partners.invariants import PARTNER_INVARIANTS
from notifications.partners.notices import NOTICE, NoticeSender
from notifications.partners.wiring import Partners
from notifications.retention import retention
from notifications.send_mail import MailSender
from notifications.settings import NotificationsSettings
from notifications.unit_of_work import MAIL, MessageWork
from notifications.writing.html import load_templates
from notifications.writing.languages import load_catalogues

HANDLERS: Mapping[type[Event], Handler] = {
    OrderPlaced: queue_message,
    OrderConfirmed: queue_message,
    OrderRejected: queue_message,
    OrderExpired: queue_message,
    OrderCancelled: queue_message,
    OrderCancellationRefused: queue_message,
    OrderPartiallyShipped: queue_message,
    OrderShipped: queue_message,
    OrderDelivered: queue_message,
    OrderRefunded: queue_message,
}

TOLD_TO_PARTNERS: Mapping[type[Event], Handler] = {
    FulfilmentOrderOpened: append_to_log,
    FulfilmentRequested: append_to_log,
    FulfilmentAccepted: append_to_log,
    FulfilmentRejected: append_to_log,
    FulfilmentOrderProcessingStarted: append_to_log,
    FulfilmentCancellationRequested: append_to_log,
    FulfilmentOrderCancelled: append_to_log,
    ShipmentDispatched: append_to_log,
    ShipmentInTransit: append_to_log,
    ShipmentOutForDelivery: append_to_log,
    ShipmentReadyForPickup: append_to_log,
    ShipmentDeliveryAttemptFailed: append_to_log,
    ShipmentReturnedToSender: append_to_log,
    ShipmentDelivered: append_to_log,
}

NAME = "notifications"
# A group of its own: a partner's event that is parked holds up nobody's mail.
PARTNERS = "notifications-partners"


def build(settings: NotificationsSettings) -> Service:
    """Notifications as ``shared.running`` runs it; it publishes nothing."""
    load_catalogues()
    load_templates()
    mailer = Mailer(settings)

    def worker(running: Running) -> Worker:
        mails = MailSender(running.transactions, mailer, settings)
        notices = NoticeSender(running.transactions, mailer, settings)
        performers = {MAIL: mails.perform, NOTICE: notices.perform}
        return Worker(
            transactions=running.transactions,
            owner=settings.instance_name,
            perform=lambda row: performers[row.kind](row),
            slots=mailer.slots,
            lease_s=settings.lease_s,
        )

    partners = Partners(settings)

    async def close() -> None:
        mailer.close()
        await partners.close()

    return Service(
        name=NAME,
        settings=settings,
        unit_of_work=partial(
            MessageWork, recipient_mails_per_hour_max=settings.recipient_mails_per_hour_max
        ),
        groups=(
            ConsumerGroup(NAME, (topics.ORDERS,), HANDLERS, INTERVAL_S_MIN),
            ConsumerGroup(PARTNERS, (topics.FULFILMENT,), TOLD_TO_PARTNERS, INTERVAL_S_MIN),
        ),
        publishes=(),
        routes=lambda running: (*api.routes(running), *partners.routes(running)),
        worker=worker,
        background=partners.background,
        timers=partners.timers,
        invariants=(*INVARIANTS, *PARTNER_INVARIANTS),
        retention=(*retention(settings), *partners.retention),
        close=close,
        nice=NICE,
    )
