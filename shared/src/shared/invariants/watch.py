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

TIMEOUT_S = 5.0
# Tables grow and checks with them; the pause after a round grows too, and this stays.
TIME_SHARE_MAX = 0.02


@dataclass
class Watch:
    """``invariants`` are checked one after another, at most every ``interval_s``."""

    pool: "Pool[Record]"
    invariants: Sequence[Invariant]
    interval_s: float
    timeout_s: float = TIMEOUT_S
    _named: dict[str, frozenset[str]] = field(default_factory=dict)
    _unchecked: frozenset[str] = frozenset()

    async def run(self) -> None:
        for one in self.invariants:
            INVARIANT_UNCHECKED.labels(one.name).set(1)
        # Instances that start together do not check together.
        await asyncio.sleep(random.uniform(0, self.interval_s))  # noqa: S311
        while True:
            started = time.monotonic()
            await self.look()
            took_s = time.monotonic() - started
            await asyncio.sleep(max(self.interval_s, took_s / TIME_SHARE_MAX))

    async def look(self) -> None:
        """Check each of them once and tell what has changed."""
        verdicts = [await check(self.pool, one, self.timeout_s) for one in self.invariants]
        for verdict in verdicts:
            self._measure(verdict)
            if verdict.unchecked is None:
                self._tell(verdict)
        self._tell_unchecked(verdicts)
        INVARIANTS_CHECKED_AT.set_to_current_time()

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
        if back := sorted(self._unchecked - failed.keys()):
            log.warning("invariants-checked-again", invariants=back)
        self._unchecked = frozenset(failed)
