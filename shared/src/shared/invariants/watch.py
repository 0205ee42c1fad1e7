"""Every service checks its own promises all the time, and says which are broken."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
from asyncpg import Pool, Record

from shared.invariants.check import IDS_MAX, Verdict, check
from shared.observability.metrics import (
    INVARIANT_SECONDS,
    INVARIANT_UNCHECKED,
    INVARIANT_VIOLATIONS,
    INVARIANTS_CHECKED_AT,
)
from shared.service import Invariant

log = structlog.get_logger(__name__)

TIMEOUT_S = 15.0
# Tables grow and checks with them: what takes long is checked more rarely, and this stays.
TIME_SHARE_MAX = 0.005
PAUSE_S_MAX = 3600.0


@dataclass
class Watch:
    """Every ``interval_s`` those of ``invariants`` that are due are checked, one after another."""

    pool: "Pool[Record]"
    invariants: Sequence[Invariant]
    interval_s: float
    timeout_s: float = TIMEOUT_S
    _due_at: dict[str, float] = field(default_factory=dict)
    _named: dict[str, frozenset[str]] = field(default_factory=dict)
    _unchecked: frozenset[str] = frozenset()

    async def run(self) -> None:
        for one in self.invariants:
            INVARIANT_UNCHECKED.labels(one.name).set(1)
        # Instances that start together do not check together.
        await asyncio.sleep(random.uniform(0, self.interval_s))  # noqa: S311
        while True:
            await self.look()
            await asyncio.sleep(self.interval_s)

    async def look(self) -> None:
        """Check once each of them that is due, and tell what has changed."""
        due = [one for one in self.invariants if self._is_due(one)]
        verdicts = await check(self.pool, due, self.timeout_s)
        for verdict in verdicts:
            self._due_at[verdict.name] = time.monotonic() + pause_after(verdict.took_s)
            self._measure(verdict)
            if verdict.unchecked is None:
                self._tell(verdict)
        self._tell_unchecked(verdicts)
        INVARIANTS_CHECKED_AT.set_to_current_time()

    def _is_due(self, one: Invariant) -> bool:
        return time.monotonic() >= self._due_at.get(one.name, 0)

    def _measure(self, verdict: Verdict) -> None:
        INVARIANT_SECONDS.labels(verdict.name).set(verdict.took_s)
        INVARIANT_UNCHECKED.labels(verdict.name).set(verdict.unchecked is not None)
        if verdict.unchecked is None:
            INVARIANT_VIOLATIONS.labels(verdict.name).set(len(verdict.broken))

    def _tell(self, verdict: Verdict) -> None:
        """One line for what was not broken before, and one when all of it holds again."""
        known, broken = self._named.get(verdict.name, frozenset()), frozenset(verdict.broken)
        self._named[verdict.name] = broken
        if new := [one for one in verdict.broken if one not in known]:
            log.warning(
                "invariant-broken",
                invariant=verdict.name,
                ids=new[:IDS_MAX],
                violations=len(verdict.broken),
            )
        if known and not broken:
            log.warning("invariant-holds-again", invariant=verdict.name)

    def _tell_unchecked(self, verdicts: Sequence[Verdict]) -> None:
        """What cannot be checked does not hold: one line for all that is new."""
        failed = {one.name: one.unchecked for one in verdicts if one.unchecked is not None}
        if new := {name: why for name, why in failed.items() if name not in self._unchecked}:
            log.warning("invariants-unchecked", reasons=new)
        back = self._unchecked & {one.name for one in verdicts if one.unchecked is None}
        if back:
            log.warning("invariants-checked-again", invariants=sorted(back))
        self._unchecked = (self._unchecked | failed.keys()) - back


def pause_after(took_s: float) -> float:
    """Seconds until a check that took so long is due again: 200 times that, an hour at most."""
    return min(took_s / TIME_SHARE_MAX, PAUSE_S_MAX)
