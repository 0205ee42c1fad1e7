"""The log's partitions come and go while it is written to."""

import asyncio
from datetime import timedelta

from notifications.partners.store import log

from tests.support.fulfilment import opened
from tests.support.partner_world import PartnerWorld
from tests.support.waiting import eventually

KEEP = timedelta(weeks=4)
BLOCKED = """
SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
COPY = """
INSERT INTO partner_events SELECT $1, 'evt_late', type, tenant, order_id, sequence, sellers,
    seller_sequences, occurred_at, data, $2 FROM partner_events LIMIT 1
"""


async def test_partitions_wait_for_who_appends_and_not_in_a_circle(world: PartnerWorld) -> None:
    await world.tell(opened("ord_1"))
    # So far ahead that nobody has made these weeks' partitions: all go through the default one.
    world.clock.move(timedelta(weeks=52))

    async def keep() -> list[str]:
        async with world.pool.acquire() as db, db.transaction():
            return await log.keep_partitions(db, await world.clock.now(db), KEEP, 2)

    async def waits() -> bool:
        return bool(await world.fetch(BLOCKED))

    async with world.pool.acquire() as db, db.transaction():
        first = await log.take_positions(db, 1)
        keeping = asyncio.create_task(keep())
        await eventually(waits, "the partitions wait for the one who appends")
        await db.execute(COPY, first, await world.clock.now(db))
    await keeping

    [row] = await world.fetch("SELECT position, oldest FROM partner_log")
    assert tuple(row) == (2, 2)
    assert len(await world.fetch("SELECT 1 FROM partner_events")) == 1


async def test_events_go_on_being_read_when_nobody_made_the_weeks_partition(
    world: PartnerWorld,
) -> None:
    key = await world.add_partner("north")
    for week in range(4):
        await world.tell(opened(f"ord_{week}"))
        world.clock.move(timedelta(weeks=26))
    found = await world.http.get("/v1/fulfilment-events", headers=key)

    assert [one["order_id"] for one in found.json()["events"]] == [f"ord_{n}" for n in range(4)]


async def test_what_has_a_place_before_the_last_that_went_is_read_no_more(
    world: PartnerWorld,
) -> None:
    """Who was slow to commit at the turn of a week has an earlier place in the later week."""
    key = await world.add_partner("north")
    await world.tell(opened("ord_1"), opened("ord_2"), opened("ord_3"))
    await world.fetch("UPDATE partner_events SET recorded_at = '2020-01-01' WHERE position = 2")
    async with world.pool.acquire() as db, db.transaction():
        await log.keep_partitions(db, await world.clock.now(db), KEEP, 2)

    found = await world.http.get("/v1/fulfilment-events", headers=key)

    assert [one["order_id"] for one in found.json()["events"]] == ["ord_3"]
    assert (await world.broken()) == {}
