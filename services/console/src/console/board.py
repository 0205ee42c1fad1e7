"""What the console knows in memory: the last look, the newest records, redrives under way."""

import asyncio
import math
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from asyncpg import Record

from console.domain.alarms import Alarm, Instance, Level, Promise, doubts
from console.domain.facts import Fact
from console.domain.waits import BEHIND_S
from console.jobs import Job
from console.streams import Streams

TICKER_MAX = 15


@dataclass
class Board:
    """Of one process: what is here is gone with it, and seen again a moment later."""

    streams: Streams
    is_local: bool = False
    at: datetime | None = None
    looked_s: float = -math.inf
    seen_s: float = -math.inf
    fresh_s: float = math.inf
    added_up: bool = False
    unchecked_since: Mapping[Promise, datetime] = field(default_factory=dict)
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
    newest: dict[tuple[str, int], Fact] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    @property
    def frame(self) -> dict[str, Any]:
        """What is around every page: the line on top, and whether there are pages for here.

        A look that ended longer than ``fresh_s`` ago says nothing of now.
        """
        is_fresh = time.monotonic() - self.seen_s <= self.fresh_s
        return {
            "looked": self.at is not None and self.added_up and is_fresh,
            "alarms": self.alarms,
            "doubts": doubts(self.instances, self.level),
            "is_local": self.is_local,
        }

    def hear(self, facts: Sequence[Fact]) -> None:
        """Records were kept: who follows their orders may want to look again."""
        # A batch comes partition by partition; the newest are those that happened last.
        known = [one for one in (*self.ticker, *facts) if one.at is not None]
        self.ticker = sorted(known, key=_happened)[-TICKER_MAX:]
        for one in facts:
            self.newest[one.place.topic, one.place.partition] = one
        self.streams.stir({one.key for one in facts})

    @property
    def troubled(self) -> frozenset[str]:
        """Services that are silent, or so far behind that orders' pages name them."""
        return frozenset(
            one.service
            for one in self.instances
            if not one.answers or self.worst_lag_s(one.service) > BEHIND_S
        )

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


def _happened(fact: Fact) -> datetime:
    assert fact.at is not None
    return fact.at
