"""What the metrics of this instance say of the last comparison, whichever instance made it."""

from dataclasses import dataclass
from datetime import datetime

from shared.invariants.check import check

from payments import metrics, store
from payments.calls.desk import Desk
from payments.invariants import COMPARED

CHECK_TIMEOUT_S = 15.0


@dataclass
class Shown:
    """``finished_at``: of the comparison that is shown; nothing is before the first look."""

    finished_at: datetime | None = None

    async def look(self, desk: Desk, provider: str) -> None:
        """Show what the comparison found that was finished last, unless that is shown already."""
        pool = desk.transactions.pool
        async with pool.acquire() as db:
            finished_at = await store.finished_at(db, provider)
        if finished_at is None or finished_at == self.finished_at:
            return
        for verdict in await check(pool, COMPARED, CHECK_TIMEOUT_S):
            if verdict.unchecked is None:
                metrics.DIFFERENCES.labels(verdict.name).set(len(verdict.broken))
        metrics.RECONCILED_AT.set(finished_at.timestamp())
        self.finished_at = finished_at
