"""What a seed decides instead of the machine: time, ids and where a process dies."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import structlog
from shared.clock import Clock
from shared.observability import tracing

from shared import crash, ids

START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)

UUIDS = "uuid_utils"


class Died(BaseException):
    """The process is gone at a named point; nothing of ours may catch it."""


@dataclass
class SimulatedClock(Clock):
    """One clock for every service, moved by hand."""

    at: list[datetime] = field(default_factory=lambda: [START])

    async def now(self, db: Any) -> datetime:
        return self.at[0]

    @property
    def time(self) -> datetime:
        return self.at[0]

    def advance_to(self, moment: datetime) -> None:
        self.at[0] = max(moment, self.at[0])

    def advance(self, seconds: float) -> None:
        self.at[0] += timedelta(seconds=seconds)


class _Id(NamedTuple):
    hex: str


@dataclass
class CountedIds:
    """Stands where ids are made of time and chance: ids grow by one."""

    last: int = 0

    def uuid7(self) -> _Id:
        self.last += 1
        return _Id(f"{self.last:032x}")


@contextmanager
def taken_back_unless_committed() -> Iterator[None]:
    """Ids of a transaction that comes to nothing are given again, whatever keeps the rows."""
    counted: CountedIds = getattr(ids, UUIDS)
    before = counted.last
    try:
        yield
    except BaseException:
        counted.last = before
        raise


@dataclass
class Job:
    """Work that a process has begun: it runs until it waits for the outside, ends, or dies."""

    service: str
    keys: tuple[str, ...]
    kind: str
    task: "asyncio.Task[Any] | None" = None
    call: Any = None
    halted: "asyncio.Future[None]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    @property
    def done(self) -> bool:
        return self.task is not None and self.task.done()

    def halt(self) -> None:
        if not self.halted.done():
            self.halted.set_result(None)


JOB: ContextVar[Job | None] = ContextVar("JOB", default=None)


@dataclass
class Deaths:
    """The process dies when it passes the point ``at`` for the next time, and its jobs halt."""

    at: str | None = None
    jobs: Sequence[Job] = ()

    def act(self, name: str) -> None:
        if name != self.at:
            return
        self.at = None
        for job in self.jobs if JOB.get() else ():
            job.halt()
        raise Died(name)


@contextmanager
def seeded(deaths: Deaths) -> Iterator[None]:
    """Ids are counted and crash points are the seed's while this lasts; nobody logs or traces."""
    before, logging_before = (getattr(ids, UUIDS), crash._act), structlog.get_config()
    tracing_before = tracing.current_traceparent
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    setattr(ids, UUIDS, CountedIds())
    crash._act = deaths.act
    tracing.current_traceparent = lambda: ""
    try:
        yield
    finally:
        tracing.current_traceparent = tracing_before
        setattr(ids, UUIDS, before[0])
        crash._act = before[1]
        structlog.configure(**logging_before)
