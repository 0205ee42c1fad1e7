"""The wiring of the console: it reads every topic, and acts only by the services' APIs."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from fastapi import APIRouter
from shared.contracts import topics
from shared.giving_way import NICE
from shared.messaging.group import ConsumerGroup
from shared.messaging.unit_of_work import UnitOfWork
from shared.service import Retention, Running, Service, Timer

from console import otlp, store
from console.access import LetIn
from console.backends import Backends
from console.board import Board
from console.domain.alarms import CONSOLE
from console.domain.spans import Keeping
from console.pages import now
from console.projection import Projection
from console.routes import routes
from console.settings import ConsoleSettings
from console.streams import Streams

NAME = CONSOLE
TOPICS = (
    topics.STOREFRONT_ORDERS,
    topics.ORDERS,
    topics.PAYMENTS,
    topics.INVENTORY,
    topics.FULFILMENT,
)
FIGURES_INTERVAL_S = 10.0
SPANS_INTERVAL_S = 10.0


def build(settings: ConsoleSettings) -> Service:
    """The console as ``shared.running`` runs it. It records every event alike and tells none."""
    backends = Backends(settings)
    keeping = Keeping(settings.spans_max, timedelta(hours=settings.spans_retention_h))
    is_local = settings.environment == "local"
    board = Board(Streams(settings.streams_max), is_local)
    board.fresh_s = now.QUIET_LOOK_S + 2 * (settings.look_interval_s + settings.call_timeout_s)

    def shown(running: Running) -> Sequence[APIRouter]:
        return routes(running, settings, backends, board)

    async def look_around(running: Running) -> None:
        await now.look_around(running, backends, board)

    async def turn_spans(running: Running) -> None:
        async with running.pool.acquire() as db, db.transaction():
            await store.turn_spans(db, keeping, await running.clock.now(db))

    async def add_up(running: Running) -> None:
        await now.add_up(running, board)

    return Service(
        name=NAME,
        settings=settings,
        unit_of_work=UnitOfWork,
        groups=(ConsumerGroup(NAME, TOPICS, {}),),
        publishes=(),
        pipeline=partial(Projection, secret=settings.search_key.encode(), heard=board.hear),
        routes=shown,
        timers=(
            Timer("figures", FIGURES_INTERVAL_S, add_up),
            Timer("spans", SPANS_INTERVAL_S, turn_spans),
            Timer("looks", settings.look_interval_s, look_around),
        ),
        retention=_retention(settings),
        guards=(partial(LetIn, settings=settings),),
        body_bytes_max=otlp.BYTES_MAX,
        close=backends.close,
        nice=NICE,
    )


def _retention(settings: ConsoleSettings) -> tuple[Retention, ...]:
    records = timedelta(days=settings.records_retention_days)
    return (
        Retention("records", "recorded_at", records),
        Retention("orders", "recorded_at", records),
        Retention("order_terms", "recorded_at", records),
        Retention("actions", "at", timedelta(days=settings.actions_retention_days)),
    )
