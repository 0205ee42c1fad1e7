"""The breaker: a bug that hits everything stops the partition instead of parking the world."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from shared.database import Db
from shared.errors import PartitionStopped
from shared.messaging.envelope import Record
from shared.messaging.parking import ToPark
from shared.messaging.unit_of_work import Transactions
from shared.observability import metrics

WINDOW = timedelta(minutes=1)
OPEN_FOR = timedelta(minutes=5)
STOPPED_FOR_S = 60.0

_RECENT = """
SELECT count(DISTINCT key) FROM parked_events
WHERE consumer = $1 AND error_class = $2 AND parked_at > $3
"""
# Whoever it stops trips it again every few seconds; so it outlives a restart, and closes by
# itself when its records have passed elsewhere. It does not bind who was given a higher limit.
_OPEN = """
SELECT true FROM breakers
WHERE consumer = $1 AND error_class = $2 AND orders_max >= $3 AND tripped_at > $4
"""
_TRIP = """
INSERT INTO breakers (consumer, error_class, orders_max, tripped_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (consumer, error_class)
    DO UPDATE SET orders_max = excluded.orders_max, tripped_at = excluded.tripped_at
"""
_CLOSE = "DELETE FROM breakers WHERE consumer = $1 AND error_class = $2"

log = structlog.get_logger(__name__)


@dataclass
class Breaker:
    """``orders_max`` is how many orders one error class may park in a minute."""

    consumer: str
    orders_max: int
    _stopped: PartitionStopped | None = field(default=None, init=False)
    _stopped_until: float = field(default=0.0, init=False)

    @property
    def stopped_by(self) -> str | None:
        """The error class that stops us, as long as it does so again and again.

        It ends with the record it stopped at, or when that has become another instance's.
        """
        if self._stopped is None or asyncio.get_running_loop().time() > self._stopped_until:
            return None
        return self._stopped.error_class

    async def check(self, db: Db, failed: Sequence[ToPark], now: datetime) -> None:
        """Raise ``PartitionStopped`` when ``failed`` would be too many for an error class."""
        for error_class in {park.error_class for park in failed}:
            records = [park.record for park in failed if park.error_class == error_class]
            keys = {one.parking_key for one in records}
            if await self._is_open(db, error_class, len(keys), now):
                raise PartitionStopped(error_class, records[0].place)

    async def _is_open(self, db: Db, error_class: str, more: int, now: datetime) -> bool:
        place = (self.consumer, error_class)
        if await db.fetchval(_OPEN, *place, self.orders_max, now - OPEN_FOR):
            return True
        recent: int = await db.fetchval(_RECENT, *place, now - WINDOW)
        return recent + more > self.orders_max

    async def trip(self, transactions: Transactions[Any], stopped: PartitionStopped) -> None:
        if self.stopped_by is None:
            log.error("partition-stopped", consumer=self.consumer, by=stopped.error_class)
        self._stopped = stopped
        self._stopped_until = asyncio.get_running_loop().time() + STOPPED_FOR_S
        metrics.PARTITION_STOPPED.labels(self.consumer).set(1)
        async with transactions.begin() as work:
            await work.db.execute(
                _TRIP, self.consumer, stopped.error_class, self.orders_max, work.now
            )

    async def passed(self, transactions: Transactions[Any], records: Sequence[Record]) -> None:
        """Close it when the record it stopped at is among ``records``."""
        if self._stopped is None or self._stopped.place not in {one.place for one in records}:
            return
        async with transactions.begin() as work:
            await work.db.execute(_CLOSE, self.consumer, self._stopped.error_class)
        self._stopped = None
        metrics.PARTITION_STOPPED.labels(self.consumer).set(0)
