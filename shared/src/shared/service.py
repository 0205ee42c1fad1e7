"""What a service is made of; its app.py builds one, and ``shared.running`` runs it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from asyncpg import Pool, Record
from fastapi import APIRouter
from starlette.types import ASGIApp

from shared.clock import Clock
from shared.contracts.event import Event
from shared.http.guards import BODY_BYTES_MAX
from shared.messaging.group import ConsumerGroup
from shared.messaging.pipeline import Pipeline
from shared.messaging.unit_of_work import NewUnitOfWork, Transactions, UnitOfWork
from shared.settings import ServiceSettings
from shared.work.worker import Worker


@dataclass
class Running:
    """The parts of a started service that its routes and background tasks use."""

    settings: ServiceSettings
    pool: "Pool[Record]"
    clock: Clock
    transactions: Transactions[Any]


@dataclass(frozen=True)
class Service:
    """``routes`` and ``worker`` are built once the pool is there; nothing happens before.

    ``background`` names loops that run until they are cancelled, each a part of the service's life.
    ``close`` ends what ``build`` opened towards the outside, after the worker has drained.
    ``pipeline`` applies the records of its groups; one that reads records as they are has no
    handlers. ``guards`` stand before every route, the last one first. ``nice`` is how far it goes
    behind others on a busy machine, 0 to 19: for one whose work no order waits for.
    """

    name: str
    settings: ServiceSettings
    unit_of_work: NewUnitOfWork[UnitOfWork[Any]]
    groups: tuple[ConsumerGroup, ...]
    publishes: tuple[type[Event], ...]
    pipeline: Callable[..., Pipeline] = Pipeline
    routes: Callable[[Running], Sequence[APIRouter]] = lambda _: ()
    worker: Callable[[Running], Worker] | None = None
    background: Callable[[Running], Mapping[str, Callable[[], Awaitable[None]]]] = lambda _: {}
    timers: tuple["Timer", ...] = ()
    invariants: tuple["Invariant", ...] = ()
    retention: tuple["Retention", ...] = ()
    gates: Mapping[str, "Gate"] = field(default_factory=dict)
    guards: tuple[Callable[[ASGIApp], ASGIApp], ...] = ()
    body_bytes_max: int = BODY_BYTES_MAX
    nice: int = 0
    close: Callable[[], Awaitable[None]] | None = None

    @property
    def has_inbox(self) -> bool:
        """Whether events take effect here: known by their ids, and parked when they fail."""
        return any(group.handlers for group in self.groups)


Gate = Callable[[Running], Awaitable[bool]]
"""Whether a group may read on; a flood then waits in Kafka."""


@dataclass(frozen=True)
class Timer:
    """``act`` runs every ``interval_s`` on each instance; its rows decide who does the work.

    It may return for how many seconds nothing can become due; it rests for longer then.
    """

    name: str
    interval_s: float
    act: Callable[[Running], Awaitable[float | None]]


@dataclass(frozen=True)
class Retention:
    """Rows ``t`` of ``table`` go when ``column`` is older than ``keep`` and ``condition`` holds.

    With ``forgets``, an assignment, they stay and lose that; then ``condition`` holds no more.
    An index on ``column`` finds them; without one each look would read the whole table.
    """

    table: str
    column: str
    keep: timedelta
    condition: str = "true"
    forgets: str | None = None


@dataclass(frozen=True)
class Invariant:
    """A promise that holds at all times: ``query`` gives the ids that break it, so no rows."""

    name: str
    sentence: str
    query: str
