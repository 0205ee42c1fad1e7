"""Leases of work rows: no more than were asked for, whatever PostgreSQL believes of the table."""

from datetime import timedelta

import pytest
from shared.work import rows
from shared.work.rows import NewWork

from tests.support.tally import WHEN, TallyService

LATER = WHEN + timedelta(seconds=1)


def work(prefix: str, count: int) -> list[NewWork]:
    return [NewWork(f"{prefix}-{n}", "call", {}, WHEN, "") for n in range(count)]


@pytest.mark.parametrize("known", [0, 1, 2, 50])
@pytest.mark.parametrize("limit", [1, 2, 7])
async def test_a_plan_made_for_a_small_table_leases_no_more_than_asked(
    service: TallyService, known: int, limit: int
) -> None:
    """A table of work is nearly empty whenever all is well, and that is when it is analyzed."""
    async with service.pool.acquire() as db:
        await db.execute("TRUNCATE work_rows")
        await rows.insert(db, work("known", known), WHEN)
        await db.execute("VACUUM ANALYZE work_rows")
        await rows.insert(db, work("new", 20), WHEN)
        await db.execute("DISCARD PLANS")

        leased = await rows.lease(db, "test", limit, LATER, 10)

    assert [one.id for one in leased] == sorted(one.id for one in leased)
    assert len(leased) == limit
