"""The invariants of the partners' log find what is damaged, and nothing else."""

from collections.abc import AsyncIterator

import pytest
from notifications.partners.domain.log import ADDRESS_TYPE

from tests.support.fulfilment import life_of, opened
from tests.support.partner_world import PartnerWorld
from tests.support.receivers import Receivers

GAP = "partner-log-has-no-gap"
TURNS = "webhooks-take-turns"
UNDER_WAY = "webhooks-are-under-way"
GRANT = "addresses-need-a-grant"


@pytest.fixture
async def damaged(world: PartnerWorld, partner_servers: Receivers) -> AsyncIterator[PartnerWorld]:
    """Five events, of which four are of one order; nothing is delivered. Emptied afterwards."""
    key = await world.add_partner("north")
    await world.register(key, partner_servers.url("fail", "north"))
    await world.tell(*life_of("ord_1"))
    await world.tell(opened("ord_2"))
    await world.send_all()
    assert await world.broken() == {}
    yield world
    await world.empty()


async def test_a_missing_position_is_found(damaged: PartnerWorld) -> None:
    await damaged.fetch("DELETE FROM partner_events WHERE position = 3")
    assert await damaged.broken() == {GAP: ["3"]}


async def test_a_position_that_is_there_twice_is_found(damaged: PartnerWorld) -> None:
    await damaged.fetch(
        """INSERT INTO partner_events SELECT position, 'evt_2', type, tenant, order_id, sequence,
            sellers, seller_sequences, occurred_at, data, recorded_at + interval '1 second'
        FROM partner_events WHERE position = 2"""
    )
    assert await damaged.broken() == {GAP: ["2"]}


async def test_a_position_beyond_the_last_is_no_gap_but_a_missing_last_one_is(
    damaged: PartnerWorld,
) -> None:
    await damaged.fetch("UPDATE partner_log SET position = position + 1")
    assert await damaged.broken() == {GAP: ["6"]}


async def test_two_of_one_order_at_a_time_are_found(damaged: PartnerWorld) -> None:
    [row] = await damaged.fetch(
        "UPDATE webhook_deliveries SET state = 'pending' WHERE position = 2 RETURNING delivery_id"
    )
    assert await damaged.broken() == {TURNS: [str(row["delivery_id"])]}


async def test_an_order_whose_first_delivery_waits_for_ever_is_found(damaged: PartnerWorld) -> None:
    [row] = await damaged.fetch(
        "UPDATE webhook_deliveries SET state = 'waiting' WHERE position = 1 RETURNING delivery_id"
    )
    assert await damaged.broken() == {TURNS: [str(row["delivery_id"])]}
    await damaged.fetch("DELETE FROM webhook_deliveries WHERE position = 1")
    assert list(await damaged.broken()) == [TURNS]


async def test_one_that_nobody_has_tried_for_an_hour_is_found(damaged: PartnerWorld) -> None:
    overdue = """UPDATE webhook_deliveries SET not_before = now() - interval '61 minutes'
        WHERE position = 1 RETURNING delivery_id"""
    [row] = await damaged.fetch(overdue)
    assert await damaged.broken() == {UNDER_WAY: [str(row["delivery_id"])]}

    for excuse in ("paused_until = now() - interval '59 minutes'", "disabled_at = now()"):
        await damaged.fetch(f"UPDATE webhook_endpoints SET {excuse}")
        assert await damaged.broken() == {}
        await damaged.fetch("UPDATE webhook_endpoints SET paused_until = NULL, disabled_at = NULL")
    assert await damaged.broken() != {}


async def test_an_address_on_its_way_without_a_grant_is_found(damaged: PartnerWorld) -> None:
    change = "UPDATE webhook_deliveries SET type = $1 WHERE position = 1 RETURNING delivery_id"
    [row] = await damaged.fetch(change, ADDRESS_TYPE)
    assert await damaged.broken() == {GRANT: [str(row["delivery_id"])]}

    await damaged.fetch("UPDATE partners SET sees_addresses = true")
    assert await damaged.broken() == {}
    done = "UPDATE webhook_deliveries SET state = 'delivered' WHERE type = $1"
    await damaged.fetch("UPDATE partners SET sees_addresses = false")
    await damaged.fetch(done, ADDRESS_TYPE)
    assert GRANT not in await damaged.broken()
