"""Endpoints as partners set them: strictly read, never forbidden, and their secret told once."""

import base64
import json
from typing import Any

import pytest
from standardwebhooks import Webhook
from structlog.testing import capture_logs

from tests.support.fulfilment import opened
from tests.support.partner_world import PartnerWorld
from tests.support.receivers import Receivers

ENDPOINTS = "/v1/webhook-endpoints"
MISSHAPEN: list[dict[str, Any]] = [
    {"unknown": 1},
    {"url": None},
    {"url": ""},
    {"url": 1},
    {"url": "https://93.184.215.14/" + "a" * 1000},
    {"url": "https://93.184.215.14/\x00"},
    {"description": "x" * 501},
    {"description": "\x00"},
    {"event_types": []},
    {"event_types": ["order.placed.v1"]},
    {"event_types": ["fulfilment.shipment-dispatched"]},
    {"event_types": "fulfilment.shipment-dispatched.v1"},
    {"rate_per_s": 0},
    {"rate_per_s": 1001},
    {"rate_per_s": "50"},
    {"rate_per_s": 1.5},
    {"concurrency_max": 0},
    {"concurrency_max": 33},
    {"concurrency_max": True},
    {"secret": "whsec_" + "A" * 300},
    {"endpoint_id": "whe_1"},
    {"partner_id": "ptr_1"},
]
FORBIDDEN = [
    "http://93.184.215.14/",
    "https://10.0.0.1/",
    "https://[::1]/",
    "https://2130706433/",
    "https://169.254.169.254/",
    "https://somebody:secret@93.184.215.14/",
    "https://93.184.215.14:22/",
    "https://a..example/",
    "https://" + "a" * 64 + ".example/",
    "ftp://93.184.215.14/",
]


async def test_a_body_of_another_shape_is_refused_whole(world: PartnerWorld) -> None:
    key = await world.add_partner("north")
    for more in MISSHAPEN:
        body = {"url": "https://93.184.215.14/", **more}
        answer = await world.http.post(ENDPOINTS, json=body, headers=key)

        assert answer.status_code == 422, more
        [error] = answer.json()["errors"]
        assert error["pointer"].startswith(f"/{next(iter(more))}"), more
        assert "A" * 50 not in answer.text
    assert await world.fetch("SELECT 1 FROM webhook_endpoints") == []


async def test_a_forbidden_url_is_refused_where_it_stands(world: PartnerWorld) -> None:
    key = await world.add_partner("north")
    added = await world.register(key, "https://93.184.215.14/")
    place = f"{ENDPOINTS}/{added['endpoint_id']}"
    for url in FORBIDDEN:
        for answer in (
            await world.http.post(ENDPOINTS, json={"url": url}, headers=key),
            await world.http.patch(place, json={"url": url}, headers=key),
        ):
            assert answer.status_code == 422, url
            assert "webhook-url-forbidden" in answer.json()["type"]
            assert [one["pointer"] for one in answer.json()["errors"]] == ["/url"]
    [row] = await world.fetch("SELECT url FROM webhook_endpoints")
    assert row["url"] == "https://93.184.215.14/"


async def test_nothing_is_sent_to_an_url_that_is_only_registered_or_forbidden(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    port = partner_servers.port
    key = await world.add_partner("north")
    await world.register(key, partner_servers.url("ok", "north"))
    async with world.another("strict", webhook_networks=()) as strict:
        for url in (f"http://127.0.0.1:{port}/ok/x", f"https://127.0.0.1:{port}/ok/x"):
            answer = await strict.http.post(ENDPOINTS, json={"url": url}, headers=key)
            assert answer.status_code == 422
        # One that was registered when the network was named is blocked at the call itself.
        await strict.tell(opened("ord_1"))
        await strict.send_all()
    assert partner_servers.connects == 0
    [row] = await world.fetch("SELECT status, error FROM webhook_attempts")
    assert tuple(row) == (None, "blocked")
    [one] = await world.fetch("SELECT endpoint_id FROM webhook_endpoints")
    test = await world.http.post(f"{ENDPOINTS}/{one['endpoint_id']}/test", headers=key)
    assert (test.json()["received"], partner_servers.connects) == (True, 1)


async def test_a_partner_has_so_many_endpoints_and_no_more_however_it_asks(
    world: PartnerWorld,
) -> None:
    async with world.another("small", partner_endpoints_max=3) as small:
        key = await small.add_partner("north")
        body = {"url": "https://93.184.215.14/"}
        one = small.http.post(ENDPOINTS, json=body, headers=key)
        answers = await world.together([one, *(_again(small, body, key) for _ in range(7))])
        other = await small.add_partner("south")
        elsewhere = await small.http.post(ENDPOINTS, json=body, headers=other)

    assert sorted(one.status_code for one in answers) == [201] * 3 + [409] * 5
    refused = next(one for one in answers if one.status_code == 409)
    assert "too-many-endpoints" in refused.json()["type"]
    assert elsewhere.status_code == 201


async def _again(world: PartnerWorld, body: dict[str, str], key: dict[str, str]) -> Any:
    return await world.http.post(ENDPOINTS, json=body, headers=key)


async def test_a_secret_is_told_once_and_is_nowhere_afterwards(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    given = "whsec_" + base64.b64encode(b"a secret that a partner chose").decode()
    with capture_logs() as logs:
        key = await world.add_partner("north")
        told = await world.register(key, partner_servers.url("fail", "north"))
        place = f"{ENDPOINTS}/{told['endpoint_id']}"
        again = await world.http.post(f"{place}/rotate-secret", json={"secret": given}, headers=key)
        await world.tell(opened("ord_1"))
        await world.send_all()
        shown = [
            await world.http.get(ENDPOINTS, headers=key),
            await world.http.get(place, headers=key),
            await world.http.patch(place, json={"description": "x"}, headers=key),
            await world.http.post(f"{place}/test", headers=key),
            await world.http.get(f"{place}/deliveries", headers=key),
        ]
        [delivery] = shown[-1].json()["deliveries"]
        detail = f"{place}/deliveries/{delivery['delivery_id']}"
        shown.append(await world.http.get(detail, headers=key))

    assert again.json()["secret"] == given
    assert {"partner-added"} <= {one["event"] for one in logs}
    assert [one.status_code for one in shown] == [200] * len(shown)
    text = json.dumps([one.json() for one in shown]) + json.dumps(logs, default=repr)
    kept = await world.everything()
    for secret in (told["secret"], given):
        raw = base64.b64decode(secret.removeprefix("whsec_"))
        assert secret.removeprefix("whsec_") not in text
        for form in (secret.encode(), secret[6:].encode(), raw, raw.hex().encode()):
            assert form not in kept
    assert key["Authorization"].removeprefix("Bearer ") not in text


async def test_for_a_day_after_a_rotation_either_secret_verifies(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    key = await world.add_partner("north")
    told = await world.register(key, partner_servers.url("ok", "north"))
    place = f"{ENDPOINTS}/{told['endpoint_id']}/rotate-secret"
    again = (await world.http.post(place, headers=key)).json()
    await world.tell(opened("ord_1"))
    await world.send_all()
    [came] = partner_servers.received
    for secret in (told["secret"], again["secret"]):
        assert Webhook(secret).verify(came.body, came.headers) == came.event
    assert len(came.headers["webhook-signature"].split(" ")) == 4

    world.clock.move(world.ROTATION)
    await world.tell(opened("ord_2"))
    await world.send_all()
    late = partner_servers.received[-1]
    assert len(late.headers["webhook-signature"].split(" ")) == 2


@pytest.mark.parametrize("size", [23, 65])
async def test_a_secret_that_will_not_do_is_refused_where_it_stands(
    world: PartnerWorld, size: int
) -> None:
    key = await world.add_partner("north")
    secret = "whsec_" + base64.b64encode(b"s" * size).decode()
    body = {"url": "https://93.184.215.14/", "secret": secret}
    answer = await world.http.post(ENDPOINTS, json=body, headers=key)

    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/secret"]
    assert secret not in answer.text
