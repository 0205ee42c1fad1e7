"""An endpoint that is registered while events are fanned out misses none of them."""

import asyncio
from typing import Any

import pytest
from notifications.partners.store import endpoints

from tests.support.fulfilment import opened
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
