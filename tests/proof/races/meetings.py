"""Two sides that meet again and again, some pairs at once: how far that is, and who has won."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.proof.arena import Arena
from tests.proof.fault import Witness
from tests.proof.judges.journal import Intent
from tests.proof.judges.verdict import Violation
from tests.proof.load import Load
from tests.support.waiting import eventually, pause

STEPS = 10
DECIDED_WITHIN_S = 60.0


@dataclass
class Meetings:
    """``pairs`` races of one kind; ``tell`` is told a few times how far they are.

    ``wins`` are counted by side, ``broken`` is what a race itself saw go wrong.
    """

    arena: Arena
    luck: random.Random
    pairs: int
    tell: Callable[[str], None]
    wins: Counter[str] = field(default_factory=Counter)
    broken: list[Violation] = field(default_factory=list)
    _held: int = 0
    _began: float = field(default_factory=time.monotonic)

    @property
    def load(self) -> Load:
        return self.arena.load

    async def hold(self, meet: Callable[[int], Awaitable[None]], at_once: int) -> None:
        """``meet`` for every pair, one after the other in each of ``at_once`` lanes.

        It is given its lane's number. The first that fails ends all.
        """

        async def alone(lane: int, _: int) -> None:
            await meet(lane)

        await self.hold_together(alone, 1, at_once)

    async def hold_together(
        self, meet: Callable[[int, int], Awaitable[None]], size: int, at_once: int
    ) -> None:
        """As ``hold``, but ``meet`` is for ``size`` pairs, or what is left; it is told how many."""
        sizes = iter([min(size, self.pairs - one) for one in range(0, self.pairs, size)])

        async def run(lane: int) -> None:
            for pairs in sizes:
                await meet(lane, pairs)
                self.held(pairs)

        await _all(run(lane) for lane in range(at_once))

    async def hold_at(self, per_s: float, meet: Callable[[], Awaitable[None]]) -> None:
        """``meet`` for every pair, so many of them beginning in each second."""

        async def run(number: int) -> None:
            await pause(number / per_s)
            await meet()
            self.held(1)

        await _all(run(number) for number in range(self.pairs))

    def held(self, pairs: int) -> None:
        """So many more are over."""
        before, self._held = self._held, self._held + pairs
        if before * STEPS // self.pairs != self._held * STEPS // self.pairs:
            self.tell(f"{self._held} of {self.pairs} pairs, {self._per_s():.0f} a second")

    async def decided(self, *intents: Intent) -> None:
        """Wait until Kafka has told what became of each."""
        outcome = self.arena.watch.outcome

        async def look() -> bool:
            return all(one.reference in outcome for one in intents)

        await eventually(look, f"{len(intents)} raced orders decided", DECIDED_WITHIN_S)

    def witness(self, *sides: str) -> Witness:
        """Every one of ``sides`` has won some of the races, or nothing is shown."""
        told = ", ".join(f"{count} {side}" for side, count in sorted(self.wins.items()))
        if len(self.broken) == 0:
            assert all(self.wins[one] for one in sides), f"a side has never won: {told}"
        words = f"{self.pairs} pairs, {self._per_s():.0f} a second: {told}"
        return Witness(words, broken=tuple(self.broken))

    def _per_s(self) -> float:
        return self._held / (time.monotonic() - self._began)


async def _all(meetings: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Raises what the first that fails has raised; none is left behind."""
    tasks = [asyncio.create_task(one) for one in meetings]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
