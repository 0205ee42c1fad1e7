"""Receivers that hang, lie or will not stop: the others get all of it, in order and in time."""

from collections import defaultdict
from datetime import timedelta

import pytest
from notifications.partners import outward

from tests.support.fulfilment import life_of, opened
from tests.support.partner_world import PartnerWorld
from tests.support.receivers import Received, Receivers
from tests.support.waiting import eventually

HOSTILE = ("hang", "garbage", "redirect", "gone", "busy", "fail")
RUDE = ("drip", "large")
HEALTHY = ("north", "south", "east")


def _well(_: Received) -> str:
    return "ok"


def _ill(_: Received) -> str:
    return "fail"


def by_order(taken: list[Received]) -> dict[str, list[int]]:
    """Each event as it came first: it comes again, under its own id, after an answer in no time."""
    found: dict[str, list[int]] = defaultdict(list)
    known: set[str] = set()
    for one in taken:
        if one.headers["webhook-id"] not in known:
            found[one.event["order_id"]].append(one.event["sequence"])
        known.add(one.headers["webhook-id"])
    return found


async def test_nobody_waits_for_those_who_do_not_answer(
    world: PartnerWorld, partner_servers: Receivers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outward, "BODY_TIMEOUT_S", 0.05)
    world.dispatcher.outward.call_timeout_s = 0.5
    key = await world.add_partner("everybody")
    endpoints = {}
    for how in (*HOSTILE, *RUDE):
        told = await world.register(key, partner_servers.url(how, how))
        endpoints[how] = told["endpoint_id"]
    for name in HEALTHY:
        await world.register(key, partner_servers.url("ok", name))
    orders = [f"ord_{number}" for number in range(6)]
    async with world.dispatching():
        await world.tell(*[event for one in orders for event in life_of(one)])

        async def all_came() -> bool:
            return all(
                sum(map(len, by_order(partner_servers.taken[one]).values())) == 24
                for one in (*HEALTHY, *RUDE)
            )

        await eventually(all_came, "what is well has everything", 20)
    for name in (*HEALTHY, *RUDE):
        assert by_order(partner_servers.taken[name]) == {one: [1, 2, 3, 4] for one in orders}
    assert "elsewhere" not in partner_servers.by_name
    assert len(partner_servers.by_name["gone"]) == len(partner_servers.by_name["busy"]) == 1

    rows = await world.fetch(
        """SELECT DISTINCT d.endpoint_id, a.status, a.error FROM webhook_attempts a
        JOIN webhook_deliveries d USING (delivery_id)"""
    )
    seen = {(row["endpoint_id"], row["status"], row["error"]) for row in rows}
    assert (endpoints["hang"], None, "timeout") in seen
    for how, status in (("redirect", 301), ("gone", 410), ("busy", 429), ("fail", 500)):
        assert {one[1:] for one in seen if one[0] == endpoints[how]} == {(status, None)}
    [garbage] = {one[1:] for one in seen if one[0] == endpoints["garbage"]}
    assert garbage[0] is None


async def test_who_asks_for_peace_has_it_until_it_is_over(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    key = await world.add_partner("north")
    await world.register(key, partner_servers.url("busy", "north"))
    await world.tell(*[opened(f"ord_{number}") for number in range(5)])
    await world.send_all()
    partner_servers.behave("north", lambda _: "ok")
    for _ in range(4):
        world.clock.move(timedelta(seconds=29))
        await world.tell(opened(f"late_{world.clock.moved[0].seconds}"))
        await world.send_all()
    assert len(partner_servers.by_name["north"]) == 1

    world.clock.move(timedelta(seconds=5))
    await world.send_all()
    assert len({one.id for one in partner_servers.taken["north"]}) == 9


@pytest.mark.parametrize("how", ["fail", "hang"])
async def test_five_days_of_nothing_but_failures_disable_an_endpoint(
    world: PartnerWorld, partner_servers: Receivers, how: str
) -> None:
    world.dispatcher.outward.call_timeout_s = 0.03
    key = await world.add_partner("north")
    told = await world.register(key, partner_servers.url(how, "north"))
    hours = 0
    for hours in range(0, 150, 20):
        await world.tell(opened(f"ord_{hours}"))
        await world.send_all()
        [row] = await world.fetch("SELECT disabled_at, disabled_reason FROM webhook_endpoints")
        if row["disabled_at"] is not None:
            break
        world.clock.move(timedelta(hours=20))
    assert (hours, row["disabled_reason"]) == (120, "failing")

    sent = len(partner_servers.received)
    world.clock.move(timedelta(days=1))
    await world.tell(opened("ord_late"))
    await world.send_all()
    assert len(partner_servers.received) == sent
    place = f"/v1/webhook-endpoints/{told['endpoint_id']}"
    partner_servers.behave("north", lambda _: "ok")
    taken_up = await world.http.patch(place, json={"enabled": True}, headers=key)
    assert (taken_up.json()["enabled"], taken_up.json()["failing_since"]) == (True, None)
    await world.tell(opened("ord_last"))
    await world.send_all()
    assert "ord_last" in by_order(partner_servers.taken["north"])


async def test_one_answer_that_is_well_begins_the_five_days_anew(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    key = await world.add_partner("north")
    await world.register(key, partner_servers.url("fail", "north"))
    for hours in range(0, 150, 20):
        partner_servers.behave("north", _well if hours == 60 else _ill)
        await world.tell(opened(f"ord_{hours}"))
        await world.send_all()
        world.clock.move(timedelta(hours=20))
    [row] = await world.fetch("SELECT disabled_at, failing_since FROM webhook_endpoints")
    assert row["disabled_at"] is None
    assert row["failing_since"] is not None


@pytest.mark.parametrize("how", ["odd", "late"])
async def test_an_answer_with_odd_headers_is_recorded_like_any_other(
    world: PartnerWorld, partner_servers: Receivers, how: str
) -> None:
    key = await world.add_partner("north")
    await world.register(key, partner_servers.url(how, "north"))
    await world.tell(opened("ord_1"))
    await world.send_all()

    [row] = await world.fetch("SELECT state, attempts FROM webhook_deliveries")
    assert tuple(row) == ("pending", 1)
    assert len(partner_servers.received) == 1
