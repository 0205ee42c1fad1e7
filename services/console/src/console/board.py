"""What the console knows in memory: the last look, the newest records, and who follows a page."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from asyncpg import Record
from shared.http.problem import Problem

from console.domain.alarms import Alarm, Instance, Level
from console.domain.facts import Fact
from console.domain.spans import SpanRing
from console.jobs import Job

TICKER_MAX = 15
BEAT_S = 15.0
RETRY_AFTER_S = 5


@dataclass
class Board:
    """Of one process: what is here is gone with it, and seen again a moment later."""

    streams_max: int
    spans: SpanRing
    is_local: bool = False
    at: datetime | None = None
    instances: Sequence[Instance] = ()
    alarms: Sequence[Alarm] = ()
    level: Level = field(default_factory=Level)
    minute: Sequence[Record] = ()
    decided: Sequence[Record] = ()
    provider: deque[tuple[datetime, float, float]] = field(default_factory=deque)
    money: Sequence[Mapping[str, Any]] = ()
    chart: Sequence[Mapping[str, Any]] = ()
    undecided: int = 0
    ticker: Sequence[Fact] = ()
    jobs: dict[str, Job] = field(default_factory=dict)
    tasks: set["asyncio.Task[None]"] = field(default_factory=set)
    streams: int = 0
    _heard: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def frame(self) -> dict[str, Any]:
        """What is around every page: the line on top, and whether there are pages for here."""
        return {"alarms": self.alarms, "is_local": self.is_local}

    def hear(self, facts: Sequence[Fact]) -> None:
        """Records were kept: who follows a page may want to look again."""
        # A batch comes partition by partition; the newest are those that happened last.
        known = [one for one in (*self.ticker, *facts) if one.at is not None]
        self.ticker = sorted(known, key=_happened)[-TICKER_MAX:]
        self.stir()

    def stir(self) -> None:
        """Something that pages show has changed."""
        heard, self._heard = self._heard, asyncio.Event()
        heard.set()

    def worst_lag_s(self, service: str) -> float:
        """How far the service reads behind, by its slowest group and instance."""
        return max(
            (
                lag_s
                for one in self.instances
                if one.service == service
                for lag_s in one.gauges.get("consumer_lag_seconds", {}).values()
            ),
            default=0.0,
        )

    async def follow(
        self, draw: Callable[[], Awaitable[str]], pause_s: float, again_s: float
    ) -> AsyncGenerator[bytes, None]:
        """A page's stream (HTML, Server-Sent Events): drawn anew when something was heard.

        Not more often than every ``pause_s``, at least every ``again_s``; what looks the same is
        not sent, and a comment keeps the connection when nothing is.
        """
        last, sent_at = "", 0.0
        loop = asyncio.get_running_loop()
        with self._counted():
            while True:
                heard = self._heard
                drawn = await draw()
                if drawn != last:
                    yield message(drawn)
                    last, sent_at = drawn, loop.time()
                elif loop.time() - sent_at > BEAT_S:
                    yield b": still here\n\n"
                    sent_at = loop.time()
                await asyncio.sleep(pause_s)
                with suppress(TimeoutError):
                    async with asyncio.timeout(again_s):
                        await heard.wait()

    def refuse_too_many(self) -> None:
        if self.streams >= self.streams_max:
            raise Problem(
                503,
                "too-many-streams",
                "As many pages as may be are followed; this one shows what was when it was drawn.",
                headers={"Retry-After": str(RETRY_AFTER_S)},
            )

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self.streams += 1
        try:
            yield
        finally:
            self.streams -= 1


def message(html: str) -> bytes:
    """One unnamed message; each line of it is a ``data`` field."""
    return "".join(f"data: {line}\n" for line in html.splitlines()).encode() + b"\n"


def _happened(fact: Fact) -> datetime:
    assert fact.at is not None
    return fact.at
