"""What a service is made of; its app.py builds one, and ``shared.running`` runs it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from asyncpg import Pool, Record
from fastapi import APIRouter

from shared.clock import Clock
from shared.contracts.event import Event
from shared.messaging.group import ConsumerGroup
from shared.messaging.unit_of_work import Transactions, UnitOfWork
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
    """``routes`` and ``worker`` are built once the pool is there; nothing happens before."""

    name: str
    settings: ServiceSettings
    unit_of_work: type[UnitOfWork[Any]]
    groups: tuple[ConsumerGroup, ...]
    publishes: tuple[type[Event], ...]
    routes: Callable[[Running], Sequence[APIRouter]] = lambda _: ()
    worker: Callable[[Running], Worker] | None = None
    timers: tuple["Timer", ...] = ()


@dataclass(frozen=True)
class Timer:
    """``act`` runs every ``interval_s`` on each instance; its rows decide who does the work."""

    name: str
    interval_s: float
    act: Callable[[Running], Any]
