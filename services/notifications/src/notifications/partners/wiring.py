"""The parts of the way to partners, and how they hang together."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta

import structlog
from fastapi import APIRouter
from shared.service import Retention, Running, Timer

from notifications.partners import metrics
from notifications.partners.actions import Desk
from notifications.partners.dispatcher import Dispatcher
from notifications.partners.http.endpoints import endpoint_routes
from notifications.partners.http.events import event_routes
from notifications.partners.http.operators import operator_routes
from notifications.partners.http.order_deliveries import order_delivery_routes
from notifications.partners.outward import Outward
from notifications.partners.store import deliveries, endpoints, log
from notifications.partners.watch import LogWatch
from notifications.settings import NotificationsSettings

WEEKS_AHEAD = 2
PARTITIONS_INTERVAL_S = 3600.0
FIGURES_INTERVAL_S = 10.0
ATTEMPTS_KEPT = timedelta(days=30)

logger = structlog.get_logger(__name__)


class Partners:
    """Built with the settings alone; nothing is opened before the service runs."""

    def __init__(self, settings: NotificationsSettings) -> None:
        self._settings = settings
        self._outward = Outward(settings.webhook_calls_max, settings.webhook_networks)
        self._watch = LogWatch()
        self._dispatcher: Dispatcher | None = None

    @property
    def timers(self) -> tuple[Timer, ...]:
        return (
            Timer("partner-log-watch", LogWatch.INTERVAL_S, self._watch.look),
            Timer("partner-log-partitions", PARTITIONS_INTERVAL_S, self._keep_partitions),
            Timer("webhook-figures", FIGURES_INTERVAL_S, _measure),
        )

    @property
    def retention(self) -> tuple[Retention, ...]:
        """Deliveries that have ended, and attempts; what is open goes with its event."""
        kept = timedelta(days=self._settings.partner_events_retention_days)
        return (
            Retention("webhook_deliveries", "created_at", kept, "t.ended_at IS NOT NULL"),
            Retention("webhook_attempts", "sent_at", min(kept, ATTEMPTS_KEPT)),
        )

    def routes(self, running: Running) -> Sequence[APIRouter]:
        desk = Desk(
            running,
            self._outward,
            self._settings.vault,
            self._settings.partner_endpoints_max,
            self._wake,
        )
        return (
            *event_routes(running, self._watch),
            *endpoint_routes(desk),
            *operator_routes(running),
            *order_delivery_routes(running),
        )

    def background(self, running: Running) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """The dispatcher; without a key to the secrets there is nothing that it could sign."""
        if self._settings.vault is None:
            return {}
        self._dispatcher = Dispatcher(
            running,
            self._outward,
            self._settings.vault,
            self._settings.instance_name,
            self._settings.webhook_calls_max,
        )
        running.transactions.on_work.append(self._dispatcher.wake)
        return {"webhooks": self._dispatcher.run}

    async def close(self) -> None:
        await self._outward.close()

    def _wake(self) -> None:
        if self._dispatcher is not None:
            self._dispatcher.wake()

    async def _keep_partitions(self, running: Running) -> None:
        keep = timedelta(days=self._settings.partner_events_retention_days)
        async with running.pool.acquire() as db, db.transaction():
            now = await running.clock.now(db)
            if dropped := await log.keep_partitions(db, now, keep, WEEKS_AHEAD):
                logger.info("partner-log-dropped", partitions=dropped)
        async with running.pool.acquire() as db, db.transaction():
            await endpoints.lock_deliveries(db, shared=False)
            await deliveries.forget(db, now - keep)


async def _measure(running: Running) -> None:
    async with running.pool.acquire() as db:
        now = await running.clock.now(db)
        metrics.OVERDUE.set(await endpoints.overdue_s(db, now))
