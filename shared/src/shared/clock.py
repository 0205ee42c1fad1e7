"""Time is an argument: every transaction reads it once, here."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic

from shared.database import Db

READ_EVERY_S = 1.0
# A reading is as late as its answer was; a later one that was quicker, or slower, differs by that.
DIFFERS_MAX = timedelta(seconds=1)


@dataclass
class Clock:
    """The database's clock plus an offset, so that instances agree and tests can travel.

    It is read once a second, and in between counted on by this machine's own: a round trip for
    each transaction would be one in eight of those it makes.
    """

    offset: timedelta = timedelta()
    counted_s: Callable[[], float] = monotonic
    _read: tuple[datetime, float] | None = None

    async def now(self, db: Db) -> datetime:
        """Never earlier than before, unless the database's clock was set back."""
        counted = self._counted()
        if counted is None:
            moment: datetime = await db.fetchval("SELECT clock_timestamp()")
            counted = self._later(moment.astimezone(UTC))
            self._read = (counted, self.counted_s())
        return counted + self.offset

    def _counted(self) -> datetime | None:
        if self._read is None:
            return None
        moment, read_at_s = self._read
        since_s = self.counted_s() - read_at_s
        return moment + timedelta(seconds=since_s) if 0 <= since_s < READ_EVERY_S else None

    def _later(self, moment: datetime) -> datetime:
        if self._read is None:
            return moment
        before, read_at_s = self._read
        expected = before + timedelta(seconds=self.counted_s() - read_at_s)
        return expected if timedelta() < expected - moment < DIFFERS_MAX else moment


def rfc3339(moment: datetime) -> str:
    """UTC with milliseconds and ``Z`` (RFC 3339)."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
