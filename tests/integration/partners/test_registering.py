"""An endpoint gets what is recorded after its registration: all of it, and nothing before."""

import asyncio
from typing import Any

import pytest
from notifications.partners.dispatcher import FAN_OUT_EVENTS_MAX
from notifications.partners.store import endpoints, log

from tests.support.fulfilment import dispatched, opened
from tests.support.partner_world import PartnerWorld
from tests.support.receivers import Receivers
from tests.support.waiting import eventually

BLOCKED = """
SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


async def test_what_comes_before_the_registration_has_committed_is_not_missed(
    world: PartnerWorld, partner_servers: Receivers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fan-out cannot see the endpoint yet, so it has to wait until it can."""
    added, go_on, add = asyncio.Event(), asyncio.Event(), endpoints.add

    async def add_and_dawdle(*arguments: Any) -> None:
        await add(*arguments)
        added.set()
        await go_on.wait()

    monkeypatch.setattr(endpoints, "add", add_and_dawdle)
    key = await world.add_partner("north")
    registering = asyncio.create_task(world.register(key, partner_servers.url("ok", "north")))
    await added.wait()
    [event_id] = await world.tell(opened("ord_1"))
    fanning_out = asyncio.create_task(world.dispatcher.round())

    async def waits_or_is_over() -> bool:
        return fanning_out.done() or bool(await world.fetch(BLOCKED))

    await eventually(waits_or_is_over, "the fan-out waits")
    go_on.set()
    await asyncio.gather(registering, fanning_out)
    await world.send_all()
    await world.dispatcher.settled()

    assert [one.id for one in partner_servers.taken["north"]] == [event_id]


async def test_what_was_recorded_while_nobody_fanned_out_is_not_sent(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    """Where webhooks are turned on late, the fan-out begins far behind the log."""
    key = await world.add_partner("north")
    await world.tell(opened("ord_1"), opened("ord_2"))
    await world.register(key, partner_servers.url("ok", "north"))
    [event_id] = await world.tell(dispatched("ord_1"))
    await world.send_all()

    assert [one.id for one in partner_servers.taken["north"]] == [event_id]


async def test_what_is_recorded_beside_the_registration_is_sent_if_it_commits_later(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    """A batch that has its positions and is not committed comes behind the registration."""
    key = await world.add_partner("north")
    async with world.pool.acquire() as db, db.transaction():
        await log.take_positions(db, 0)
        telling = asyncio.create_task(world.tell(opened("ord_1")))

        async def waits() -> bool:
            return bool(await world.fetch(BLOCKED))

        await eventually(waits, "the batch waits for its positions")
        await world.register(key, partner_servers.url("ok", "north"))
    [event_id] = await telling
    await world.send_all()

    assert [one.id for one in partner_servers.taken["north"]] == [event_id]


async def test_a_log_that_nobody_wanted_is_passed_in_one_step(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    """The first events of the first endpoint do not wait for months that are not its own."""
    many = 4 * FAN_OUT_EVENTS_MAX
    key = await world.add_partner("north")
    await world.tell(*(opened(f"ord_{number}") for number in range(many)))
    await world.register(key, partner_servers.url("ok", "north"))
    looked_at = await world.dispatcher.round()

    [pointer] = await world.fetch("SELECT position FROM partner_fan_out")
    assert (pointer["position"], looked_at) == (many, FAN_OUT_EVENTS_MAX)
    [event_id] = await world.tell(dispatched("ord_0"))
    await world.send_all()
    assert [one.id for one in partner_servers.taken["north"]] == [event_id]
