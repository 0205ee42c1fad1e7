"""A rotation gives an endpoint a new secret, whatever has become of those before it."""

import os
from base64 import b64decode, b64encode
from datetime import timedelta

from standardwebhooks import Webhook

from tests.support.fulfilment import opened
from tests.support.partner_world import PartnerWorld
from tests.support.receivers import Received, Receivers
from tests.support.webhook_signing import signature

ENDPOINTS = "/v1/webhook-endpoints"


def verifies(secret: str, came: Received) -> bool:
    """Whatever the hour: the official library takes only what was signed just now."""
    key = b64decode(secret.removeprefix("whsec_"))
    expected = signature(came.id, int(came.headers["webhook-timestamp"]), came.body, key)
    return expected in came.headers["webhook-signature"].split(" ")


async def test_after_another_sealing_key_a_rotation_heals_the_endpoint_at_once(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    """The secret before is still to sign for a day, and nobody can open it any more."""
    key = await world.add_partner("north")
    told = await world.register(key, partner_servers.url("ok", "north"))
    sealing = b64encode(os.urandom(32)).decode()
    async with world.another("b", partner_secrets_key=sealing) as after:
        await after.tell(opened("ord_1"))
        await after.send_all()
        place = f"{ENDPOINTS}/{told['endpoint_id']}"
        unread = await after.http.post(f"{place}/test", headers=key)
        assert (unread.status_code, unread.json()["error"]) == (200, "secret-unreadable")
        assert partner_servers.received == []

        rotated = (await after.http.post(f"{place}/rotate-secret", headers=key)).json()
        test = (await after.http.post(f"{place}/test", headers=key)).json()
        await after.tell(opened("ord_2"))
        await after.send_all()

    tested, came = partner_servers.received
    assert test["received"]
    for one in (tested, came):
        assert Webhook(rotated["secret"]).verify(one.body, one.headers) == one.event
        assert len(one.headers["webhook-signature"].split(" ")) == 2
    assert came.event["order_id"] == "ord_2"


async def test_all_secrets_of_the_last_day_verify_and_a_rotation_too_many_says_until_when(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    key = await world.add_partner("north")
    told = await world.register(key, partner_servers.url("ok", "north"))
    place = f"{ENDPOINTS}/{told['endpoint_id']}/rotate-secret"
    secrets = [told["secret"]]
    for _ in range(3):
        world.clock.move(timedelta(hours=1))
        secrets.append((await world.http.post(place, headers=key)).json()["secret"])
    refused = await world.http.post(place, headers=key)
    await world.tell(opened("ord_1"))
    await world.send_all()
    world.clock.move(timedelta(hours=22))
    afterwards = await world.http.post(place, headers=key)
    await world.tell(opened("ord_2"))
    await world.send_all()

    first, last = partner_servers.received
    assert all(verifies(secret, first) for secret in secrets)
    assert refused.status_code == 429
    assert "rotated-too-often" in refused.json()["type"]
    assert 21 * 3600 < int(refused.headers["Retry-After"]) <= 22 * 3600
    assert afterwards.status_code == 200
    valid = [*secrets[1:], afterwards.json()["secret"]]
    assert len(last.headers["webhook-signature"].split(" ")) == 2 * len(valid)
    assert all(verifies(secret, last) for secret in valid)
    assert not verifies(secrets[0], last)
