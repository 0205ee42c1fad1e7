"""The soak: one arena, and a random fault every 5 to 40 seconds until the time is up."""

import random
import time
from collections.abc import Sequence
from dataclasses import replace

from tests.proof.arena import ARENAS
from tests.proof.fault import Fault
from tests.proof.report import Progress, Row
from tests.proof.runner import Pace, judge_all, run_fault

LEAD_MIN_S, LEAD_MAX_S = 5.0, 40.0


async def soak(
    faults: Sequence[Fault], seed: int, pace: Pace, minutes: float, progress: Progress
) -> list[Row]:
    """Faults of one arena's kind, drawn by the seed; the kind with most of them is taken."""
    kinds = [one.arena for one in faults]
    kind = max(dict.fromkeys(kinds), key=kinds.count)
    drawn = [one for one in faults if one.arena == kind]
    luck, end_at = random.Random(f"soak:{seed}"), time.monotonic() + 60 * minutes
    rows: list[Row] = []
    async with ARENAS[kind]() as arena:
        while time.monotonic() < end_at:
            lead_s = luck.uniform(LEAD_MIN_S, LEAD_MAX_S)
            fault, own = luck.choice(drawn), luck.getrandbits(32)
            late = replace(pace, lead_s=lead_s)
            rows.append(await run_fault(arena, fault, own, late, progress))
            arena.failed |= not rows[-1].passed
            progress.finished(rows[-1])
        rows.append(await judge_all(arena, seed))
        progress.finished(rows[-1])
    return rows
