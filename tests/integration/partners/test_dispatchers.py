"""Dispatchers share the endpoints; limits hold, and one that dies leaves nothing undone."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from notifications.pacing import INTERVAL_S_MIN
from notifications.partners.dispatcher import LEASE
from notifications.partners.store import deliveries, endpoints
from notifications.partners.store.deliveries import Due
from shared.database import Db

from tests.support.fulfilment import life_of, opened
from tests.support.partner_world import PartnerWorld
from tests.support.receivers import Received, Receivers
from tests.support.waiting import eventually

NAMES = [f"north-{number}" for number in range(6)]
ORDERS = [f"ord_{number}" for number in range(15)]


def firsts(received: Sequence[Received]) -> list[Received]:
    """Without those that came before under the same id; these must have the same bytes."""
    found: dict[str, Received] = {}
    for one in received:
        assert found.setdefault(one.id, one).body == one.body
    return list(found.values())


def assert_in_order(received: Sequence[Received]) -> None:
    came = [(one.event["order_id"], one.event["sequence"]) for one in firsts(received)]
    for order_id in ORDERS:
        assert [number for one, number in came if one == order_id] == [1, 2, 3, 4]


async def test_when_one_of_two_dies_the_other_does_what_is_left_after_the_lease(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    key = await world.add_partner("north")
    for name in NAMES:
        await world.register(key, partner_servers.url("slow", name))
    await world.tell(*[event for one in ORDERS for event in life_of(one)])
    async with world.another() as other, other.dispatching():

        async def serves_some() -> bool:
            held = "SELECT DISTINCT endpoint_id FROM webhook_endpoints WHERE served_by = 'b'"
            return bool(await world.fetch(held)) and len(partner_servers.received) >= 40

        await eventually(serves_some, "the second one is at work")
        async with world.dispatching():
            await other.die()
            assert await world.fetch("SELECT 1 FROM webhook_endpoints WHERE served_by = 'b'")
            world.clock.move(LEASE + timedelta(seconds=1))

            async def all_done() -> bool:
                return not await world.fetch(
                    "SELECT 1 FROM webhook_deliveries WHERE state <> 'delivered' LIMIT 1"
                )

            await eventually(all_done, "everything is delivered")
    for name in NAMES:
        assert_in_order(partner_servers.taken[name])
    repeated = len(partner_servers.received) - len(NAMES) * len(ORDERS) * 4
    assert 0 <= repeated <= len(NAMES) * 8


async def test_two_at_work_send_nothing_twice(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    """Each call lasts long enough that the other looks meanwhile."""
    key = await world.add_partner("north")
    for name in NAMES:
        await world.register(key, partner_servers.url("slow", name))
    async with world.another() as other, other.dispatching(), world.dispatching():
        for start in range(0, len(ORDERS), 3):
            batch = ORDERS[start : start + 3]
            await world.tell(*[event for one in batch for event in life_of(one)])

        async def all_came() -> bool:
            return len(partner_servers.received) >= len(NAMES) * len(ORDERS) * 4

        await eventually(all_came, "everything has come")
    assert len(partner_servers.received) == len(NAMES) * len(ORDERS) * 4
    for name in NAMES:
        assert_in_order(partner_servers.taken[name])
    states = await world.fetch("SELECT state, attempts FROM webhook_deliveries GROUP BY 1, 2")
    assert [tuple(one) for one in states] == [("delivered", 1)]


async def test_who_registers_while_events_come_gets_all_that_come_after_the_answer(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    key = await world.add_partner("north")
    owed: dict[str, list[str]] = {}
    ending = asyncio.Event()

    async def append(other: PartnerWorld) -> None:
        number = 0
        while not ending.is_set():
            number += 1
            await other.tell(opened(f"noise_{number}"), opened(f"more_{number}"))

    async with world.another() as other, other.dispatching(), world.dispatching():
        noise = asyncio.create_task(append(other))
        for number in range(12):
            name = f"late-{number}"
            await world.register(key, partner_servers.url("ok", name))
            told = await world.tell(opened(f"ord_{number}"))
            owed[name] = []
            for ids in owed.values():
                ids.extend(told)
        ending.set()
        await noise

        async def all_came() -> bool:
            return all(
                {one.id for one in partner_servers.taken[name]} >= set(ids)
                for name, ids in owed.items()
            )

        await eventually(all_came, "all that was owed has come")


async def test_no_more_calls_run_at_a_time_than_an_endpoint_takes(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    key = await world.add_partner("north")
    told = await world.register(key, partner_servers.url("slow", "north"), concurrency_max=3)
    async with world.dispatching():
        await send(world, partner_servers, [f"ord_{number}" for number in range(20)])
        assert partner_servers.most_at_once["north"] == 3

        place = f"/v1/webhook-endpoints/{told['endpoint_id']}"
        await world.http.patch(place, json={"concurrency_max": 1}, headers=key)
        await send(world, partner_servers, ["turn_1"])
        partner_servers.most_at_once.clear()
        await send(world, partner_servers, [f"later_{number}" for number in range(10)])
        assert partner_servers.most_at_once["north"] == 1


async def send(world: PartnerWorld, servers: Receivers, orders: Sequence[str]) -> None:
    before = len(servers.received)
    await world.tell(*[opened(one) for one in orders])

    async def all_came() -> bool:
        return len(servers.received) >= before + len(orders) and not servers.under_way["north"]

    await eventually(all_came, "all of them came")


async def test_no_more_calls_begin_than_an_endpoints_rate_allows(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    rate, burst, late_s = 30, 15, 0.2
    key = await world.add_partner("north")
    await world.register(key, partner_servers.url("ok", "north"), rate_per_s=rate)
    async with world.dispatching():
        await send(world, partner_servers, [f"ord_{number}" for number in range(45)])
    times = [one.at for one in partner_servers.received]

    assert times[-1] - times[0] >= (45 - burst) / rate - late_s
    for first, began in enumerate(times):
        for last in range(first, len(times)):
            most = burst + rate * (times[last] - began + late_s)
            assert last - first + 1 <= most


async def test_one_that_loses_our_trust_while_we_look_is_sent_nothing_twice(
    world: PartnerWorld, partner_servers: Receivers, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = deliveries.due

    async def due(
        db: Db, rooms: Sequence[tuple[UUID, int]], busy: Sequence[int], now: datetime, limit: int
    ) -> list[Due]:
        found = await real(db, rooms, busy, now, limit)
        for lane in world.dispatcher._lanes.values():
            lane.trusted = False
        return found

    monkeypatch.setattr(deliveries, "due", due)
    key = await world.add_partner("north")
    await world.register(key, partner_servers.url("slow", "north"))
    await world.tell(opened("ord_1"))
    await world.send_all()

    assert len(partner_servers.received) == 1
    rows: Any = await world.fetch("SELECT attempts FROM webhook_deliveries")
    assert [row["attempts"] for row in rows] == [1]


async def test_those_who_hang_take_no_slot_from_those_who_answer(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    key = await world.add_partner("north")
    for number in range(12):
        await world.register(key, partner_servers.url("hang", f"hang-{number}"))
    async with world.another("few", webhook_calls_max=8) as few:
        few.dispatcher.outward.call_timeout_s = 0.5
        await few.tell(opened("ord_0"))
        await few.send_all()
        called = len(partner_servers.received)
        # They have failed once; from now on each call of theirs lasts longer than the test.
        await few.dispatcher.outward.close()
        few.dispatcher.outward.call_timeout_s = 60
        world.clock.move(timedelta(seconds=10))
        await world.register(key, partner_servers.url("ok", "well"))
        async with few.dispatching():
            await few.tell(*[event for one in ORDERS[1:] for event in life_of(one)])

            async def all_came() -> bool:
                return len(partner_servers.taken["well"]) == 4 * len(ORDERS[1:])

            await eventually(all_came, "who answers has everything", 15)
            hanging = sum(partner_servers.under_way.values())
            await few.die()
    assert (called, hanging) == (12, 2)


async def test_a_look_with_nothing_to_do_asks_the_database_once(
    world: PartnerWorld, partner_servers: Receivers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of work that is there, its endpoint is claimed whether or not the log has grown."""
    claimed: list[int] = []
    claim = endpoints.claim

    async def claiming(*given: Any) -> Any:
        found = await claim(*given)
        claimed.append(len(found))
        return found

    key = await world.add_partner("north")
    await world.register(key, partner_servers.url("ok", "north"))
    await world.dispatcher.round()
    monkeypatch.setattr(endpoints, "claim", claiming)

    assert await world.dispatcher.round() == 0
    assert claimed == []

    await world.tell(opened("ord_1"))
    await world.send_all()
    assert claimed[0] == 1


async def test_rounds_are_as_often_as_the_rates_of_those_that_are_served_ask_for(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    key = await world.add_partner("north")
    await world.register(key, partner_servers.url("ok", "usual"))
    await world.tell(opened(ORDERS[0]))
    await world.send_all()
    assert world.dispatcher.interval_s == INTERVAL_S_MIN

    await world.register(key, partner_servers.url("ok", "fast"), rate_per_s=1000, concurrency_max=8)
    await world.tell(opened(ORDERS[1]))
    await world.send_all()
    assert world.dispatcher.interval_s == 8 / 1000
