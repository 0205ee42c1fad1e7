"""Time is an argument: every transaction reads it once, here."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.database import Db


@dataclass(frozen=True)
class Clock:
    """The database's clock plus an offset, so that instances agree and tests can travel."""

    offset: timedelta = timedelta()

    async def now(self, db: Db) -> datetime:
        moment: datetime = await db.fetchval("SELECT clock_timestamp()")
        return moment.astimezone(UTC) + self.offset


def rfc3339(moment: datetime) -> str:
    """UTC with milliseconds and ``Z`` (RFC 3339)."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
