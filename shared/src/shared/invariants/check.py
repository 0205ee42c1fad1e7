"""Promises against the tables: the ids that break one, or why nobody can say."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from asyncpg import Pool, Record

from shared.service import Invariant

VIOLATIONS_MAX = 1_000
IDS_MAX = 20
LONG_S = 0.05

# A check may wait for nobody and takes no second core: it runs beside the work itself. Unlike our
# other statements it reads whole tables, and is planned for the size that they have now.
_LIMITS = """
SET LOCAL statement_timeout = {timeout_ms}; SET LOCAL lock_timeout = '1s';
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL enable_seqscan = on;
SET LOCAL enable_bitmapscan = on; SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """``broken`` has at most 1,000 ids; ``unchecked`` says why the promise was not checked."""

    name: str
    broken: tuple[str, ...]
    unchecked: str | None
    took_s: float

    @property
    def named(self) -> list[str]:
        """As many ids as a person is shown."""
        return list(self.broken[:IDS_MAX])


async def check(
    pool: "Pool[Record]", invariants: Sequence[Invariant], timeout_s: float
) -> list[Verdict]:
    """Run each query once, for ``timeout_s`` at most; a failure is part of its verdict."""
    verdicts: list[Verdict] = []
    while left := invariants[len(verdicts) :]:
        verdicts += await _some(pool, left, timeout_s)
    return verdicts


async def _some(
    pool: "Pool[Record]", invariants: Sequence[Invariant], timeout_s: float
) -> list[Verdict]:
    """Those that one transaction has room for: up to the first that fails, or takes long.

    A transaction for each would be most of what a check of small tables costs; one for all would
    keep others from changing a table for as long as all of them take.
    """
    verdicts: list[Verdict] = []
    started = time.monotonic()
    try:
        async with (
            pool.acquire(timeout=timeout_s) as db,
            db.transaction(readonly=True),
        ):
            await db.execute(_LIMITS.format(timeout_ms=round(timeout_s * 1000)))
            for one in invariants:
                started = time.monotonic()
                rows = await db.fetch(f"{one.query} LIMIT {VIOLATIONS_MAX}")
                took_s = time.monotonic() - started
                broken = tuple(str(row[0]) for row in rows)
                verdicts.append(Verdict(one.name, broken, None, took_s))
                if took_s > LONG_S:
                    break
    except Exception as error:
        # With a verdict on each of them only the end of the transaction has failed.
        for one in invariants[len(verdicts) :][:1]:
            failed = type(error).__name__
            verdicts.append(Verdict(one.name, (), failed, time.monotonic() - started))
    return verdicts
