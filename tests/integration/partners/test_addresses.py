"""Where goods go is told to whom it was granted, when they ask for it, and to nobody else."""

import json
from typing import Any

import pytest
from notifications.partners.domain.address import ShippingAddressDisclosed
from notifications.partners.domain.log import ADDRESS_TYPE
from notifications.partners.domain.types import NEWEST, TYPES
from structlog.testing import capture_logs

from tests.support.fulfilment import dispatched, opened
from tests.support.mailed_orders import placed
from tests.support.partner_world import PartnerWorld
from tests.support.receivers import Receivers

ENDPOINTS, EVENTS = "/v1/webhook-endpoints", "/v1/fulfilment-events"
ALPHA, BETA = "seller-alpha", "seller-beta"
ALL = sorted(TYPES)
STREET = "1 Road"
Headers = dict[str, str]
Json = dict[str, Any]


async def read(world: PartnerWorld, key: Headers, *types: str, **query: Any) -> Json:
    asked = {"limit": 500, **({"event_type": list(types)} if types else {}), **query}
    answer = await world.http.get(EVENTS, params=asked, headers=key)
    assert answer.status_code == 200, answer.text
    told: Json = answer.json()
    return told


async def grant(world: PartnerWorld, name: str, *, granted: bool) -> None:
    answer = await world.http.patch(f"/ops/partners/{name}", json={"sees_addresses": granted})
    assert (answer.status_code, answer.json()["sees_addresses"]) == (200, granted)


async def test_who_was_granted_it_and_asks_is_told_once_behind_what_was_opened(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    key = await world.add_partner("north", sees_addresses=True)
    await world.register(key, partner_servers.url("ok", "north"), event_types=ALL)
    await world.place(placed("ord_1"))
    ids = await world.tell(opened("ord_1"), dispatched("ord_1"))
    await world.send_all()

    came = [one.event for one in partner_servers.taken["north"]]
    assert [one["type"] for one in came] == [opened("a").type, ADDRESS_TYPE, dispatched("a").type]
    assert [one["sequence"] for one in came] == [1, 1, 2]
    assert [came[0]["id"], came[2]["id"]] == ids
    assert came[1]["id"] not in ids
    told = ShippingAddressDisclosed.model_validate_json(json.dumps(came[1]["data"]))
    assert (told.fulfilment_order_id, told.personal.address.line1) == ("ffo_ord_1", STREET)
    assert (await read(world, key, *ALL))["events"] == came


async def test_an_order_that_is_opened_before_its_placing_was_heard_of_is_told_then(
    world: PartnerWorld,
) -> None:
    """The two topics are read by groups that know nothing of each other."""
    key = await world.add_partner("north", sees_addresses=True)
    await world.tell(opened("ord_1"), dispatched("ord_1"))
    assert (await read(world, key, ADDRESS_TYPE))["events"] == []
    await world.place(placed("ord_1"))
    await world.place(placed("ord_1"))

    [told] = (await read(world, key, ADDRESS_TYPE))["events"]
    assert (told["order_id"], told["sequence"]) == ("ord_1", 1)
    assert told["data"]["personal"]["address"]["line1"] == STREET


async def test_nobody_else_sees_it_or_misses_anything(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    """Neither who asks without a grant, nor who does not ask; not even a gap tells of it."""
    asker = await world.add_partner("asker", sees_addresses=True)
    silent = await world.add_partner("silent", sees_addresses=True)
    refused = await world.add_partner("refused", event_types=ALL)
    seller = await world.add_partner("seller", seller_id=BETA, sees_addresses=True)
    for name, key in (("silent", silent), ("refused", refused), ("seller", seller)):
        await world.register(key, partner_servers.url("ok", name))
    await world.place(placed("ord_1"), placed("ord_2"))
    await world.tell(opened("ord_1", ALPHA), opened("ord_2"), dispatched("ord_1", ALPHA))
    await world.send_all()

    assert len((await read(world, asker, ADDRESS_TYPE))["events"]) == 2
    assert (await read(world, seller, *ALL))["events"] == []
    for key in (silent, refused):
        page = await read(world, key)
        assert [one["sequence"] for one in page["events"]] == [1, 1, 2]
        assert not page["has_more"]
        after = await read(world, key, after=page["next_cursor"])
        assert (after["events"], after["next_cursor"]) == ([], page["next_cursor"])
    assert {len(partner_servers.taken[name]) for name in ("silent", "refused")} == {3}
    assert partner_servers.taken["seller"] == []
    assert all(STREET.encode() not in one.body for one in partner_servers.received)


async def test_a_seller_is_told_where_its_own_goods_go(world: PartnerWorld) -> None:
    key = await world.add_partner("alpha", seller_id=ALPHA, sees_addresses=True)
    await world.place(placed("ord_1"), placed("ord_2"))
    await world.tell(opened("ord_1", ALPHA, BETA), opened("ord_2", BETA))

    [told] = (await read(world, key, ADDRESS_TYPE))["events"]
    assert (told["order_id"], told["sequence"]) == ("ord_1", 1)
    assert told["data"]["seller_ids"] == [ALPHA]
    assert BETA not in json.dumps(told)


async def test_without_the_grant_it_can_be_named_nowhere(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    key = await world.add_partner("north")
    url = partner_servers.url("ok", "north")
    told = await world.register(key, url)
    place = f"{ENDPOINTS}/{told['endpoint_id']}"
    named = {"event_types": [ADDRESS_TYPE]}
    for answer in (
        await world.http.post(ENDPOINTS, json={"url": url, **named}, headers=key),
        await world.http.patch(place, json=named, headers=key),
    ):
        assert answer.status_code == 422
        assert "addresses-not-granted" in answer.json()["type"]
        assert [one["pointer"] for one in answer.json()["errors"]] == ["/event_types"]
    asked = await world.http.get(EVENTS, params={"event_type": ADDRESS_TYPE}, headers=key)
    assert (asked.status_code, "addresses-not-granted" in asked.json()["type"]) == (403, True)
    assert ADDRESS_TYPE not in NEWEST
    schema = await world.http.get("/schemas/fulfilment.shipping-address-disclosed/v1")
    assert schema.json()["title"] == "ShippingAddressDisclosed"


async def test_what_is_withdrawn_is_sent_no_more_and_holds_up_nothing(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    other = await world.add_partner("other", sees_addresses=True)
    key = await world.add_partner("north", sees_addresses=True)
    partner_servers.behave("north", lambda one: "fail" if STREET.encode() in one.body else "ok")
    told = await world.register(key, partner_servers.url("ok", "north"), event_types=ALL)
    await world.place(placed("ord_1"), placed("ord_2"))
    await world.tell(opened("ord_1"), dispatched("ord_1"))
    await world.send_all()
    await grant(world, "north", granted=False)
    await world.tell(opened("ord_2"))
    place = f"{ENDPOINTS}/{told['endpoint_id']}/replay"
    for body in ({"failed": True}, {"since": told["created_at"]}):
        assert (await world.http.post(place, json=body, headers=key)).status_code == 202
    world.clock.move(world.ROTATION)
    await world.send_all()

    tried = [one for one in partner_servers.received if STREET.encode() in one.body]
    assert len(tried) == 1
    taken = [one.event for one in partner_servers.taken["north"]]
    assert {(one["order_id"], one["sequence"]) for one in taken} == {
        ("ord_1", 1),
        ("ord_1", 2),
        ("ord_2", 1),
    }
    told_other = (await read(world, other, ADDRESS_TYPE))["events"]
    assert [one["order_id"] for one in told_other] == ["ord_1", "ord_2"]


async def test_where_nobody_was_granted_it_no_address_is_kept_for_partners(
    world: PartnerWorld,
) -> None:
    await world.add_partner("north")
    await world.place(placed("ord_1"))
    await world.tell(opened("ord_1"), opened("ord_2"))
    await world.place(placed("ord_2"))

    rows = await world.fetch("SELECT type, data FROM partner_events")
    assert {one["type"] for one in rows} == {opened("a").type}
    assert STREET not in repr(rows)


async def test_an_address_is_in_no_log_and_in_nothing_that_operators_look_at(
    world: PartnerWorld, partner_servers: Receivers, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even when the receiver sends back what it was sent."""
    key = await world.add_partner("north", sees_addresses=True)
    told = await world.register(key, partner_servers.url("echo", "north"), event_types=ALL)
    await world.place(placed("ord_1"))
    with capture_logs() as logs:
        await world.tell(opened("ord_1"))
        world.clock.move(world.ROTATION)
        await world.send_all()
        world.clock.move(world.ROTATION)
        await world.send_all()
    place = f"/ops/partners/north/webhook-endpoints/{told['endpoint_id']}/deliveries"
    listed = (await world.http.get(place)).json()["deliveries"]
    details = [
        (await world.http.get(f"{place}/{one['delivery_id']}")).json()
        for one in listed
        if one["type"] == ADDRESS_TYPE
    ]
    order = (await world.http.get("/ops/partner-deliveries?order_id=ord_1")).json()

    assert [one["body"] for one in details] == [None]
    assert details[0]["attempt_log"][0]["status"] == 200
    shown = json.dumps([listed, details, order]) + json.dumps(logs, default=repr) + caplog.text
    assert STREET not in shown
    attempts = await world.fetch("SELECT response_head, response_body FROM webhook_attempts")
    assert len(attempts) == 2
    assert STREET not in repr(attempts)
    parked = await world.fetch("SELECT * FROM parked_events")
    assert (parked, STREET in repr(await world.fetch("SELECT * FROM outbox"))) == ([], False)
