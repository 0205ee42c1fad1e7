"""Who waits where: actors of one interleaving, stopped at named points of the real code."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import pytest
from shared.messaging import parking, receiving, redrive

from tests.support.tally import Counted, TallyService
from tests.support.waiting import eventually

ACTOR: ContextVar[str] = ContextVar("actor", default="")
Step = tuple[str, str, int]
"""An actor, a point, and the how-manieth time the actor is there."""


@dataclass
class Script:
    """``watch`` names its points, from ``before_inbox`` to ``handling``."""

    service: TallyService
    plans: dict[Step, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    passed: Counter[tuple[str, str]] = field(default_factory=Counter)

    def at(self, actor: str, point: str, time: int, act: Callable[[], Awaitable[None]]) -> None:
        self.plans[actor, point, time] = act

    def start(self, actor: str, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        async def run() -> Any:
            ACTOR.set(actor)
            return await work

        return asyncio.create_task(run())

    async def reach(self, point: str) -> None:
        actor = ACTOR.get()
        self.passed[actor, point] += 1
        if act := self.plans.get((actor, point, self.passed[actor, point])):
            await act()

    async def has_reached(self, actor: str, point: str, time: int) -> None:
        async def look() -> bool:
            return self.passed[actor, point] >= time

        await eventually(look, f"{actor} at {point} for time {time}", 10)

    async def done_or_waiting(self, task: "asyncio.Task[Any]") -> None:
        """``task`` has ended, or some session waits for a lock, which only it can be."""

        async def look() -> bool:
            return task.done() or await self.service.waiting_for_locks() > 0

        await eventually(look, f"{task} done or waiting for a lock", 10)

    async def done(self, task: "asyncio.Task[Any]") -> None:
        """``task`` has ended: nothing that it could wait for is anybody's any more."""

        async def look() -> bool:
            return task.done()

        await eventually(look, f"{task} done", 10)

    async def handling(self, _: Counted) -> None:
        await self.reach("handling")


def watch(monkeypatch: pytest.MonkeyPatch, reach: Callable[[str], Awaitable[None]]) -> None:
    """Call ``reach`` at the points of the product's code, weakened or not."""

    def around(module: Any, name: str, before: str | None, after: str | None) -> None:
        real = getattr(module, name)

        async def watched(*values: Any) -> Any:
            if name == "receive" and not values[2]:  # That is `read_keys`, watched by itself.
                return await real(*values)
            if before:
                await reach(before)
            result = await real(*values)
            if after:
                await reach(after)
            return result

        monkeypatch.setattr(module, name, watched)

    around(receiving, "receive", "before_inbox", "keys_read")
    around(receiving, "read_keys", None, "keys_read")
    around(parking, "insert", None, "event_parked")
    around(redrive, "_redrive_key", "before_key", None)
