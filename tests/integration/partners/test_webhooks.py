"""Webhooks: every endpoint gets what it wants, in order, signed, the same at each attempt."""

from datetime import timedelta

from standardwebhooks import Webhook

from tests.support.fulfilment import delivered, dispatched, life_of, opened
from tests.support.partner_world import PartnerWorld
from tests.support.receivers import Receivers


async def test_an_event_arrives_signed_so_that_the_official_library_verifies_it(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    key = await world.add_partner("north")
    told = await world.register(key, partner_servers.url("ok", "north"))
    [event_id] = await world.tell(opened("ord_1"))
    await world.send_all()

    [came] = partner_servers.received
    assert came.id == event_id
    assert came.event["sequence"] == 1
    assert Webhook(told["secret"]).verify(came.body, came.headers) == came.event
    [row] = await world.fetch("SELECT state, attempts FROM webhook_deliveries")
    assert tuple(row) == ("delivered", 1)


async def test_the_events_of_an_order_arrive_in_their_order_and_a_failing_one_holds_up_its_own(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    key = await world.add_partner("north")
    await world.register(key, partner_servers.url("ok", "north"))
    partner_servers.behave(
        "north", lambda one: "fail" if one.event["order_id"] == "ord_1" else "ok"
    )
    await world.tell(*life_of("ord_1"), *life_of("ord_2"))
    await world.send_all()

    taken = [one.event["sequence"] for one in partner_servers.taken["north"]]
    assert taken == [1, 2, 3, 4]
    assert {one.event["order_id"] for one in partner_servers.taken["north"]} == {"ord_2"}

    partner_servers.ways.clear()
    world.clock.move(timedelta(seconds=6))
    await world.send_all()
    late = [one for one in partner_servers.taken["north"] if one.event["order_id"] == "ord_1"]
    assert [one.event["sequence"] for one in late] == [1, 2, 3, 4]
    first, *again = [one for one in partner_servers.received if one.id == late[0].id]
    assert [one.body for one in again] == [first.body] * len(again)
    assert again


async def test_nothing_of_an_order_is_sent_before_what_was_told_earlier_has_arrived(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    """Its first event fails for a while; what is told meanwhile would have been taken."""
    key = await world.add_partner("north")
    await world.register(key, partner_servers.url("ok", "north"))
    partner_servers.behave("north", lambda one: "fail" if one.event["sequence"] == 1 else "ok")
    await world.tell(opened("ord_1"))
    await world.send_all()
    await world.tell(dispatched("ord_1"))
    await world.send_all()

    assert {one.event["sequence"] for one in partner_servers.received} == {1}

    partner_servers.ways.clear()
    world.clock.move(timedelta(seconds=6))
    await world.send_all()
    assert [one.event["sequence"] for one in partner_servers.taken["north"]] == [1, 2]


async def test_an_outage_of_three_days_ends_with_all_of_it_delivered_in_order(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    key = await world.add_partner("north")
    await world.register(key, partner_servers.url("ok", "north"))
    partner_servers.behave("north", lambda _: "fail")
    ids = [f"ord_{number}" for number in range(20)]
    await world.tell(*[event for one in ids for event in life_of(one)])
    for _ in range(72 * 2):
        await world.send_all()
        world.clock.move(timedelta(minutes=30))
    assert partner_servers.taken["north"] == []
    partner_servers.ways.clear()
    for _ in range(24 * 2):
        await world.send_all()
        world.clock.move(timedelta(minutes=30))

    told = [
        (one.event["order_id"], one.event["sequence"]) for one in partner_servers.taken["north"]
    ]
    assert len(told) == len(set(told)) == 80
    for order_id in ids:
        assert [n for one, n in told if one == order_id] == [1, 2, 3, 4]
    [row] = await world.fetch("SELECT disabled_at FROM webhook_endpoints")
    assert row["disabled_at"] is None


async def test_gone_disables_and_what_was_missed_is_replayed(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    key = await world.add_partner("north")
    told = await world.register(key, partner_servers.url("gone", "north"))
    await world.tell(opened("ord_1"))
    await world.send_all()
    await world.tell(dispatched("ord_1"))
    await world.send_all()
    place = f"/v1/webhook-endpoints/{told['endpoint_id']}"
    shown = (await world.http.get(place, headers=key)).json()
    assert (shown["enabled"], shown["disabled_reason"]) == (False, "gone")
    assert len(partner_servers.received) == 1

    partner_servers.behave("north", lambda _: "ok")
    await world.http.patch(place, json={"enabled": True}, headers=key)
    since = {"since": shown["created_at"]}
    replayed = await world.http.post(f"{place}/replay", json=since, headers=key)
    await world.tell(delivered("ord_1"))
    await world.send_all()

    assert replayed.json() == {"replayed": 2, "next_cursor": None}
    assert [one.event["sequence"] for one in partner_servers.taken["north"]] == [1, 2, 3]


async def test_a_secret_that_cannot_be_read_is_an_attempt_that_failed(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    """By the schedule, and where the partner sees it; not again and again, each second."""
    key = await world.add_partner("north")
    told = await world.register(key, partner_servers.url("ok", "north"))
    await world.fetch("UPDATE webhook_endpoints SET secret = decode('00', 'hex') || secret")
    await world.tell(opened("ord_1"))
    await world.send_all()

    place = f"/v1/webhook-endpoints/{told['endpoint_id']}"
    [delivery] = (await world.http.get(f"{place}/deliveries", headers=key)).json()["deliveries"]
    detail = (
        await world.http.get(f"{place}/deliveries/{delivery['delivery_id']}", headers=key)
    ).json()
    assert (delivery["state"], delivery["attempts"]) == ("pending", 1)
    assert [one["error"] for one in detail["attempt_log"]] == ["secret-unreadable"]
    assert partner_servers.received == []


async def test_an_endpoint_that_is_enabled_by_hand_is_not_left_in_its_pause(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    key = await world.add_partner("north")
    told = await world.register(key, partner_servers.url("busy", "north"))
    await world.tell(opened("ord_1"))
    await world.send_all()
    partner_servers.behave("north", lambda _: "ok")
    place = f"/v1/webhook-endpoints/{told['endpoint_id']}"
    await world.http.patch(place, json={"enabled": True}, headers=key)
    await world.tell(opened("ord_2"))
    await world.send_all()

    assert [one.event["order_id"] for one in partner_servers.taken["north"]] == ["ord_2"]
