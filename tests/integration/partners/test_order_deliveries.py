"""What partners were sent of one order, as operators see it: theirs all, and no other order's."""

from typing import Any

from tests.support.fulfilment import dispatched, opened
from tests.support.partner_world import PartnerWorld
from tests.support.receivers import Receivers

DELIVERIES = "/ops/partner-deliveries"
MEMBERS = {
    *("delivery_id", "event_id", "order_id", "type", "state", "attempts", "next_attempt_at"),
    *("created_at", "ended_at", "partner", "endpoint_id", "url", "endpoint_enabled"),
    *("last_attempt_at", "last_status", "last_error"),
}


async def of_order(world: PartnerWorld, order_id: str, **query: Any) -> dict[str, Any]:
    answer = await world.http.get(DELIVERIES, params={"order_id": order_id, **query})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_an_order_shows_what_each_partner_got_of_it_and_what_is_to_come(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    """The token in the query of a partner's address is for nobody else to see."""
    north, south = await world.add_partner("north"), await world.add_partner("south")
    well = await world.register(north, partner_servers.url("ok", "north") + "?token=hidden")
    ill = await world.register(south, partner_servers.url("fail", "south"))
    ids = await world.tell(opened("ord_1"), opened("ord_2"), dispatched("ord_1"))
    await world.send_all()

    told = await of_order(world, "ord_1")
    shown = {(one["partner"], one["event_id"]): one for one in told["deliveries"]}
    assert told["next_cursor"] is None
    assert all(set(one) == MEMBERS for one in told["deliveries"])
    assert set(shown) == {(who, ids[n]) for who in ("north", "south") for n in (0, 2)}
    done, failed = shown["north", ids[2]], shown["south", ids[0]]
    assert (done["state"], done["last_status"], done["next_attempt_at"]) == ("delivered", 204, None)
    assert (done["endpoint_id"], done["endpoint_enabled"]) == (well["endpoint_id"], True)
    assert done["url"] == partner_servers.url("ok", "north")
    assert (failed["state"], failed["attempts"], failed["last_status"]) == ("pending", 1, 500)
    assert failed["next_attempt_at"] > failed["last_attempt_at"]
    behind = shown["south", ids[2]]
    assert (behind["state"], behind["next_attempt_at"]) == ("waiting", None)
    assert behind["last_attempt_at"] is None
    assert behind["endpoint_id"] == ill["endpoint_id"]


async def test_no_attempt_is_announced_for_an_endpoint_that_is_disabled_or_asked_for_peace(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    key = await world.add_partner("north")
    told = await world.register(key, partner_servers.url("busy", "north"))
    await world.tell(opened("ord_1"), opened("ord_2"))
    await world.send_all()
    rests = [(await of_order(world, f"ord_{n}"))["deliveries"][0] for n in (1, 2)]
    place = f"/v1/webhook-endpoints/{told['endpoint_id']}"
    await world.http.patch(place, json={"enabled": False}, headers=key)
    [disabled] = (await of_order(world, "ord_1"))["deliveries"]

    [row] = await world.fetch("SELECT paused_until FROM webhook_endpoints")
    until = row["paused_until"].isoformat()[:19]
    assert [one["next_attempt_at"][:19] for one in rests] == [until, until]
    assert (disabled["endpoint_enabled"], disabled["next_attempt_at"]) == (False, None)


async def test_what_went_to_an_endpoint_that_was_removed_stays_to_be_seen(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    key = await world.add_partner("north")
    told = await world.register(key, partner_servers.url("ok", "north"))
    await world.tell(opened("ord_1"))
    await world.send_all()
    await world.http.delete(f"/v1/webhook-endpoints/{told['endpoint_id']}", headers=key)

    [left] = (await of_order(world, "ord_1"))["deliveries"]
    assert (left["partner"], left["url"], left["endpoint_enabled"]) == (None, None, False)
    assert (left["endpoint_id"], left["state"]) == (told["endpoint_id"], "delivered")


async def test_pages_go_on_from_the_newest_and_end(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    key = await world.add_partner("north")
    for name in ("a", "b", "c"):
        await world.register(key, partner_servers.url("ok", name))
    await world.tell(opened("ord_1"))
    await world.send_all()

    first = await of_order(world, "ord_1", limit=2)
    second = await of_order(world, "ord_1", limit=2, cursor=first["next_cursor"])
    ids = [int(one["delivery_id"]) for one in first["deliveries"] + second["deliveries"]]
    assert (len(ids), ids) == (3, sorted(ids, reverse=True))
    assert second["next_cursor"] is None
    for query, status in (
        (f"?order_id=ord_2&cursor={first['next_cursor']}", 400),
        ("", 422),
        ("?order_id=ord_1&limit=201", 422),
    ):
        assert (await world.http.get(DELIVERIES + query)).status_code == status, query
    assert (await of_order(world, "ord_9"))["deliveries"] == []
