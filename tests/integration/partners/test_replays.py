"""Deliveries asked for once more, and the log of all of them as partners read it."""

from datetime import timedelta
from typing import Any

import pytest
from notifications.partners import actions, dispatcher
from notifications.partners.store import deliveries
from notifications.partners.wiring import Partners
from shared.retention import prune

from tests.support.fulfilment import delivered, dispatched, life_of, opened
from tests.support.partner_world import PartnerWorld
from tests.support.receivers import Receivers

ENDPOINTS = "/v1/webhook-endpoints"
Headers = dict[str, str]
REFUSED: list[tuple[dict[str, Any], int]] = [
    ({}, 422),
    ({"failed": False}, 422),
    ({"failed": True, "since": "2026-01-01T00:00:00Z"}, 422),
    ({"since": "2026-01-01T00:00:00"}, 422),
    ({"event_id": "evt_1", "after": "x"}, 422),
    ({"unknown": 1, "failed": True}, 422),
    ({"cursor": "x"}, 422),
    ({"event_id": "evt_1"}, 404),
    ({"after": "x"}, 400),
    ({"failed": True, "cursor": "x"}, 400),
    ({"since": "2026-01-01T00:00:00Z", "cursor": "x"}, 400),
]


async def joined(world: PartnerWorld, servers: Receivers, how: str = "ok") -> tuple[Headers, str]:
    """A partner's key, and where its only endpoint is."""
    key = await world.add_partner("north")
    told = await world.register(key, servers.url(how, "north"))
    return key, f"{ENDPOINTS}/{told['endpoint_id']}"


async def replay(world: PartnerWorld, key: Headers, place: str, **body: Any) -> dict[str, Any]:
    answer = await world.http.post(f"{place}/replay", json=body, headers=key)
    assert answer.status_code == 202, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def replay_all(world: PartnerWorld, key: Headers, place: str, **body: Any) -> list[int]:
    """Go on by ``next_cursor``; how many each answer told."""
    counts, more = [], dict[str, str]()
    while True:
        told = await replay(world, key, place, **body, **more)
        counts.append(told["replayed"])
        if told["next_cursor"] is None:
            return counts
        more = {"cursor": told["next_cursor"]}


async def test_one_event_is_sent_again_with_the_same_id_and_bytes(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    key, place = await joined(world, partner_servers)
    ids = await world.tell(*life_of("ord_1"))
    await world.send_all()
    assert await replay(world, key, place, event_id=ids[1]) == {"replayed": 1, "next_cursor": None}
    await world.send_all()

    again = partner_servers.received[-1]
    assert [one.id for one in partner_servers.received] == [*ids, ids[1]]
    assert again.body == partner_servers.received[1].body


async def test_all_that_was_given_up_is_sent_again_in_steps_and_in_order(
    world: PartnerWorld, partner_servers: Receivers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "REPLAYED_MAX", 4)
    key, place = await joined(world, partner_servers)
    orders = [f"ord_{number}" for number in range(5)]
    await world.tell(*[event for one in orders for event in (opened(one), dispatched(one))])
    await world.send_all()
    failed = "UPDATE webhook_deliveries SET state = 'failed', attempts = 10 RETURNING 1"
    assert len(await world.fetch(failed)) == 10
    partner_servers.taken.clear()

    assert await replay_all(world, key, place, failed=True) == [4, 4, 2]
    await world.send_all()
    came = [
        (one.event["order_id"], one.event["sequence"]) for one in partner_servers.taken["north"]
    ]
    assert len(came) == 10
    for order_id in orders:
        assert [n for one, n in came if one == order_id] == [1, 2]
    rows = await world.fetch("SELECT DISTINCT state, attempts FROM webhook_deliveries")
    assert [tuple(row) for row in rows] == [("delivered", 1)]


@pytest.mark.parametrize("body", [{"since": "2000-01-01T00:00:00Z"}, {"after": ""}])
async def test_all_since_a_time_or_cursor_is_sent_in_steps_that_miss_nothing(
    world: PartnerWorld,
    partner_servers: Receivers,
    monkeypatch: pytest.MonkeyPatch,
    body: dict[str, str],
) -> None:
    monkeypatch.setattr(actions, "REPLAYED_MAX", 3)
    monkeypatch.setattr(actions, "POSITIONS_MAX", 5)
    await world.tell(*[event for n in range(4) for event in life_of(f"ord_{n}")])
    await world.send_all()
    key, place = await joined(world, partner_servers)
    await world.send_all()
    assert partner_servers.received == []

    if "after" in body:
        page = await world.http.get("/v1/fulfilment-events?limit=1", headers=key)
        body = {"after": page.json()["next_cursor"]}
    counts = await replay_all(world, key, place, **body)
    await world.send_all()
    rows = await world.fetch("SELECT event_id FROM partner_events ORDER BY position")
    ids = [row["event_id"] for row in rows][("after" in body) :]
    assert sum(counts) == len(ids)
    assert max(counts) == 3
    assert sorted(one.id for one in partner_servers.taken["north"]) == sorted(ids)


async def test_a_replay_before_an_event_was_fanned_out_holds_up_nothing(
    world: PartnerWorld, partner_servers: Receivers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "FAN_OUT_EVENTS_MAX", 1)
    key, place = await joined(world, partner_servers)
    for number in range(5):
        await world.tell(opened(f"ord_{number}"))
    [first] = await world.tell(opened("ord_1x"))
    await world.tell(dispatched("ord_1x"))
    await replay(world, key, place, event_id=first)
    monkeypatch.setattr(dispatcher, "FAN_OUT_EVENTS_MAX", 50)
    async with world.pool.acquire() as db:
        # The replayed one is delivered before the log is fanned out that far.
        statement = "UPDATE webhook_deliveries SET state = 'delivered', ended_at = now()"
        await db.execute(statement)
    await world.send_all()

    came = [one.event["sequence"] for one in partner_servers.taken["north"]][-1:]
    assert came == [2]
    rows = await world.fetch("SELECT DISTINCT state FROM webhook_deliveries")
    assert [row["state"] for row in rows] == ["delivered"]


async def test_a_replay_of_nothing_in_particular_is_refused(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    key, place = await joined(world, partner_servers)
    for body, status in REFUSED:
        answer = await world.http.post(f"{place}/replay", json=body, headers=key)
        assert answer.status_code == status, body


async def test_what_another_may_not_see_cannot_be_replayed(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    key = await world.add_partner("north", seller_id="seller-alpha")
    told = await world.register(key, partner_servers.url("ok", "north"))
    place = f"{ENDPOINTS}/{told['endpoint_id']}"
    [other] = await world.tell(opened("ord_1", "seller-beta"))
    answer = await world.http.post(f"{place}/replay", json={"event_id": other}, headers=key)
    counts = await replay_all(world, key, place, since="2000-01-01T00:00:00Z")
    await world.send_all()

    assert (answer.status_code, counts) == (404, [0])
    assert partner_servers.received == []


async def test_the_delivery_log_tells_each_attempt_and_filters(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    key, place = await joined(world, partner_servers, "fail")
    await world.tell(opened("ord_1"), dispatched("ord_1"), opened("ord_2"))
    await world.send_all()
    world.clock.move(timedelta(seconds=6))
    await world.send_all()
    partner_servers.behave(
        "north", lambda one: "ok" if one.event["order_id"] == "ord_1" else "fail"
    )
    world.clock.move(timedelta(minutes=6))
    await world.send_all()

    async def shown(**more: Any) -> list[dict[str, Any]]:
        answer = await world.http.get(f"{place}/deliveries", params=more, headers=key)
        assert answer.status_code == 200
        found: list[dict[str, Any]] = answer.json()["deliveries"]
        return found

    assert len(await shown()) == 3
    assert {one["order_id"] for one in await shown(state="delivered")} == {"ord_1"}
    [open_one] = await shown(state="pending")
    assert (open_one["attempts"], open_one["ended_at"]) == (3, None)
    assert open_one["next_attempt_at"] is not None
    first = (await shown(order_id="ord_1"))[-1]
    detail = (
        await world.http.get(f"{place}/deliveries/{first['delivery_id']}", headers=key)
    ).json()
    attempts = detail["attempt_log"]
    assert [one["status"] for one in attempts] == [500, 500, 204]
    assert [one["response_body"] for one in attempts] == ["oops", "oops", ""]
    assert "Content-Length: 4" in attempts[0]["response_head"]
    assert detail["body"].encode() == partner_servers.taken["north"][0].body
    paged = await world.http.get(f"{place}/deliveries?limit=2", headers=key)
    cursor = paged.json()["next_cursor"]
    rest = await shown(cursor=cursor)
    assert [*paged.json()["deliveries"], *rest] == await shown()
    other = await world.http.get(f"{place}/deliveries?cursor={cursor}&state=failed", headers=key)
    assert other.status_code == 400
    for strange in ("-1", "x", str(2**63)):
        answer = await world.http.get(f"{place}/deliveries/{strange}", headers=key)
        assert answer.status_code in (404, 422)


async def test_what_was_dropped_from_the_log_is_not_delivered_and_holds_up_nothing(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    key, place = await joined(world, partner_servers)
    await world.tell(opened("ord_1"), dispatched("ord_1"))
    await world.http.patch(place, json={"enabled": False}, headers=key)
    await replay(world, key, place, since="2000-01-01T00:00:00Z")
    world.clock.move(timedelta(weeks=15))
    await world.http.patch(place, json={"enabled": True}, headers=key)
    await world.tell(delivered("ord_1"))
    timers = {one.name: one.act for one in Partners(world.settings).timers}
    await timers["partner-log-partitions"](world.running)
    await world.send_all()

    assert [one.event["sequence"] for one in partner_servers.taken["north"]] == [3]
    rows = await world.fetch("SELECT state FROM webhook_deliveries")
    assert [row["state"] for row in rows] == ["delivered"]


async def test_an_open_delivery_is_kept_with_its_event_and_an_ended_one_for_its_time(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    key, place = await joined(world, partner_servers)
    await world.tell(opened("ord_0"), opened("ord_1"))
    await world.send_all()
    partner_servers.behave("north", lambda _: "fail")
    await world.tell(dispatched("ord_1"))
    await world.send_all()
    await world.http.patch(place, json={"enabled": False}, headers=key)
    world.clock.move(timedelta(days=89))
    await world.http.patch(place, json={"enabled": True}, headers=key)
    await world.tell(delivered("ord_1"))
    async with world.pool.acquire() as db, db.transaction():
        await deliveries.fan_out(db, 50, await world.clock.now(db))
    world.clock.move(timedelta(days=2))
    for rule in Partners(world.settings).retention:
        await prune(world.running, rule)

    rows = await world.fetch("SELECT state FROM webhook_deliveries ORDER BY position")
    assert [row["state"] for row in rows] == ["pending", "waiting"]
    partner_servers.behave("north", lambda _: "ok")
    await world.send_all()
    assert [one.event["sequence"] for one in partner_servers.taken["north"]][-2:] == [2, 3]
