"""Sellers see what is theirs alone, however they look."""

from collections import defaultdict
from typing import Any

from tests.support.fulfilment import delivered, dispatched, in_transit, opened
from tests.support.partner_world import PartnerWorld
from tests.support.receivers import Receivers

ALPHA, BETA = "seller-alpha", "seller-beta"
Headers = dict[str, str]


async def tell_mixed_orders(world: PartnerWorld) -> None:
    await world.tell(
        opened("ord_both", ALPHA, BETA),
        dispatched("ord_both", BETA),
        dispatched("ord_both", ALPHA),
        in_transit("ord_both", BETA),
        delivered("ord_both", ALPHA),
        delivered("ord_both", BETA),
        opened("ord_alpha", ALPHA),
        opened("ord_beta", BETA),
        opened("ord_own"),
    )


async def test_neither_seller_receives_a_byte_that_names_the_other(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    keys: dict[str, Headers] = {}
    places: dict[str, str] = {}
    for name, seller in (("north", ALPHA), ("south", BETA)):
        keys[seller] = await world.add_partner(name, seller_id=seller)
        told = await world.register(keys[seller], partner_servers.url("ok", name))
        places[seller] = f"/v1/webhook-endpoints/{told['endpoint_id']}"
    await tell_mixed_orders(world)
    await world.send_all()

    for name, seller, other in (("north", ALPHA, BETA), ("south", BETA, ALPHA)):
        came = partner_servers.taken[name]
        pulled = await world.http.get("/v1/fulfilment-events", headers=keys[seller])
        log = await world.http.get(f"{places[seller]}/deliveries", headers=keys[seller])
        detail = await world.http.get(
            f"{places[seller]}/deliveries/{log.json()['deliveries'][0]['delivery_id']}",
            headers=keys[seller],
        )
        seen = [*(one.body for one in came), pulled.content, log.content, detail.content]
        for content in seen:
            assert other.encode() not in content
            assert b"of-" + other.encode() not in content
        assert seller.encode() in pulled.content
        assert {one.body for one in came} == set(raw_events(pulled.content))
        numbers = defaultdict(list)
        for event in pulled.json()["events"]:
            numbers[event["order_id"]].append(event["sequence"])
        assert set(numbers) == {"ord_both", f"ord_{seller.partition('-')[2]}"}
        for found in numbers.values():
            assert found == list(range(1, len(found) + 1))


def raw_events(page: bytes) -> list[bytes]:
    """The events of a page as the bytes that they are in it."""
    inner = page.removeprefix(b'{"events":[').partition(b'],"next_cursor"')[0]
    first, *others = inner.split(b',{"id":')
    return [first, *(b'{"id":' + one for one in others)]


async def test_the_merchants_own_partner_sees_all_as_kafka_had_it(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    key = await world.add_partner("north")
    await world.register(key, partner_servers.url("ok", "north"))
    await tell_mixed_orders(world)
    await world.send_all()
    page = await world.http.get("/v1/fulfilment-events", headers=key)
    rows = await world.fetch("SELECT event_id, data FROM partner_events ORDER BY position")
    data = {row["event_id"]: row["data"] for row in rows}

    assert len(page.json()["events"]) == len(rows) == 9
    assert {one.body for one in partner_servers.taken["north"]} == set(raw_events(page.content))
    for came in partner_servers.taken["north"]:
        assert came.body.endswith(b',"data":' + data[came.id].encode() + b"}")
    numbers: list[Any] = [
        one["sequence"] for one in page.json()["events"] if one["order_id"] == "ord_both"
    ]
    assert numbers == [1, 2, 3, 4, 5, 6]


async def test_an_endpoint_may_be_for_one_seller_of_a_partner_that_sees_all(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    key = await world.add_partner("north")
    url = partner_servers.url("ok", "north")
    told = await world.register(key, url, seller_id=ALPHA)
    await tell_mixed_orders(world)
    await world.send_all()
    place = f"/v1/webhook-endpoints/{told['endpoint_id']}/replay"
    replayed = await world.http.post(place, json={"since": told["created_at"]}, headers=key)
    await world.send_all()

    came = partner_servers.taken["north"]
    assert {one.event["order_id"] for one in came} == {"ord_both", "ord_alpha"}
    assert not any(BETA.encode() in one.body for one in came)
    assert replayed.json()["replayed"] == len(came) / 2
    both = [one.event["sequence"] for one in came if one.event["order_id"] == "ord_both"]
    assert both == [1, 2, 3, 1, 2, 3]


async def test_a_sellers_partner_registers_for_no_other(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    key = await world.add_partner("north", seller_id=ALPHA)
    body = {"url": partner_servers.url("ok", "north"), "seller_id": BETA}
    answer = await world.http.post("/v1/webhook-endpoints", json=body, headers=key)

    assert (answer.status_code, answer.json()["type"]) == (422, "urn:problem:seller-forbidden")
    assert answer.json()["errors"][0]["pointer"] == "/seller_id"
