"""A rotation gives an endpoint a new secret, whatever has become of those before it."""

import os
from base64 import b64encode

from standardwebhooks import Webhook

from tests.support.fulfilment import opened
from tests.support.partner_world import PartnerWorld
from tests.support.receivers import Receivers

ENDPOINTS = "/v1/webhook-endpoints"


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
        assert partner_servers.received == []

        place = f"{ENDPOINTS}/{told['endpoint_id']}"
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
