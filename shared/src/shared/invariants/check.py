"""One promise against the tables: the ids that break it, or why nobody can say."""

import time
from dataclasses import dataclass

from asyncpg import Pool, Record

from shared.service import Invariant

VIOLATIONS_MAX = 1_000
IDS_MAX = 20

# A check may wait for nobody and takes no second core: it runs beside the work itself. Unlike our
# other statements it reads whole tables, and is planned for the size that they have now.
_LIMITS = """
SET LOCAL statement_timeout = {timeout_ms}; SET LOCAL lock_timeout = '1s';
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL enable_seqscan = on;
SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on
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


async def check(pool: "Pool[Record]", one: Invariant, timeout_s: float) -> Verdict:
    """Run the query once, for ``timeout_s`` at most; a failure is part of the verdict."""
    started = time.monotonic()
    try:
        broken, unchecked = await _broken(pool, one, timeout_s), None
    except Exception as error:
        broken, unchecked = (), type(error).__name__
    return Verdict(one.name, broken, unchecked, time.monotonic() - started)


async def _broken(pool: "Pool[Record]", one: Invariant, timeout_s: float) -> tuple[str, ...]:
    async with (
        pool.acquire(timeout=timeout_s) as db,
        db.transaction(readonly=True),
    ):
        await db.execute(_LIMITS.format(timeout_ms=round(timeout_s * 1000)))
        rows = await db.fetch(f"{one.query} LIMIT {VIOLATIONS_MAX}")
    return tuple(str(row[0]) for row in rows)
