"""Keys: every one that is not valid is refused alike, and each opens its own partner alone."""

import json
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from tests.support.fulfilment import opened
from tests.support.partner_world import PartnerWorld
from tests.support.receivers import Receivers

ENDPOINTS = "/v1/webhook-endpoints"
EVENTS = "/v1/fulfilment-events"
HOOK = {"url": "https://93.184.215.14/"}
Headers = dict[str, str]

READING = [("GET", EVENTS), ("GET", "/v1/partner")]
MANAGING: list[tuple[str, str]] = [
    ("POST", ENDPOINTS),
    ("GET", ENDPOINTS),
    ("GET", f"{ENDPOINTS}/whe_1"),
    ("PATCH", f"{ENDPOINTS}/whe_1"),
    ("DELETE", f"{ENDPOINTS}/whe_1"),
    ("POST", f"{ENDPOINTS}/whe_1/rotate-secret"),
    ("POST", f"{ENDPOINTS}/whe_1/test"),
    ("POST", f"{ENDPOINTS}/whe_1/replay"),
    ("GET", f"{ENDPOINTS}/whe_1/deliveries"),
    ("GET", f"{ENDPOINTS}/whe_1/deliveries/1"),
]
KEEPING = [("POST", "/v1/partner/keys"), ("POST", "/v1/partner/keys/pky_1/revoke")]
BODIES: dict[str, dict[str, Any]] = {
    ENDPOINTS: HOOK,
    f"{ENDPOINTS}/whe_1/replay": {"failed": True},
}


async def ask(world: PartnerWorld, method: str, path: str, headers: Headers) -> httpx2.Response:
    body = BODIES.get(path, {}) if method in ("POST", "PATCH") else None
    return await world.http.request(method, path, json=body, headers=headers)


def told(answer: httpx2.Response) -> tuple[int, dict[str, str], dict[str, Any]]:
    """All of an answer but what tells one request from another."""
    headers = {name: value for name, value in answer.headers.items() if "trace" not in name}
    body = {name: value for name, value in answer.json().items() if "trace" not in name}
    headers.pop("content-length", None)
    return answer.status_code, headers, body


async def key_with(world: PartnerWorld, owner: Headers, **more: Any) -> Headers:
    answer = await world.http.post("/v1/partner/keys", json=more, headers=owner)
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.json()['key']}"}


async def test_whatever_is_wrong_with_a_key_the_answer_is_the_same(world: PartnerWorld) -> None:
    owner = await world.add_partner("north")
    right = owner["Authorization"].removeprefix("Bearer ")
    expired = await key_with(world, owner, expires_in_days=1)
    revoked = await key_with(world, owner)
    keys = (await world.http.get("/v1/partner", headers=owner)).json()["keys"]
    place = f"/v1/partner/keys/{keys[-1]['key_id']}/revoke?at_once=true"
    assert (await world.http.post(place, headers=owner)).status_code == 200
    world.clock.move(timedelta(days=1))

    malformed = (
        "",
        "Bearer",
        "Bearer ",
        f"Bearer  {right}",
        f"Bearer {right} ",
        f"Bearer {right[:-1]}",
        f"Bearer {right}x",
        f"Bearer {right}" + "x" * 10_000,
        f"Basic {right}",
        right,
        "Bearer opk_",
        "Bearer opk_" + "A" * 43,
        "Bearer opk_\xe9",
        f"Bearer {right.upper()}",
        "Bearer opk_' OR 1=1 --",
    )
    wrong = [{}, expired, revoked, *({"Authorization": given} for given in malformed)]
    refusals = []
    for headers in wrong:
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        answer = await world.http.get(EVENTS, headers=raw)
        refusals.append(told(answer))
    for method, path in [*READING, *MANAGING, *KEEPING]:
        refusals.append(told(await ask(world, method, path, revoked)))

    assert refusals == [refusals[0]] * len(refusals)
    status, headers, body = refusals[0]
    assert (status, body["type"].rpartition("/")[2].rpartition(":")[2]) == (401, "invalid-token")
    assert headers["www-authenticate"].startswith("Bearer")
    assert (await world.http.get(EVENTS, headers=owner)).status_code == 200


@pytest.mark.parametrize(
    ("scopes", "allowed"),
    [
        (["events:read"], READING),
        (["endpoints:manage"], MANAGING),
        (["keys:manage"], KEEPING),
    ],
)
async def test_a_key_opens_what_its_scopes_say_and_nothing_else(
    world: PartnerWorld, scopes: list[str], allowed: list[tuple[str, str]]
) -> None:
    owner = await world.add_partner("north")
    key = await key_with(world, owner, scopes=scopes)
    for method, path in [*READING, *MANAGING, *KEEPING]:
        answer = await ask(world, method, path, key)
        assert (answer.status_code == 403) == ((method, path) not in allowed), (method, path)
        assert answer.status_code in (200, 201, 403, 404)


async def test_another_partners_endpoint_is_none_on_any_route(
    world: PartnerWorld, partner_servers: Receivers
) -> None:
    north, south = await world.add_partner("north"), await world.add_partner("south")
    own = await world.register(north, partner_servers.url("ok", "north"))
    other = await world.register(south, partner_servers.url("ok", "south"))
    await world.tell(opened("ord_1"))
    await world.send_all()
    rows = await world.fetch("SELECT endpoint_id, delivery_id FROM webhook_deliveries")
    ids = {row["endpoint_id"]: row["delivery_id"] for row in rows}
    before = await world.fetch("SELECT * FROM webhook_endpoints ORDER BY 1")

    for method, path in MANAGING[2:]:
        answers = []
        for endpoint_id in (other["endpoint_id"], "whe_1", "whe_" + "0" * 26):
            place = path.replace("whe_1", endpoint_id).replace("deliveries/1", "deliveries/%d")
            place = place.replace("%d", str(ids[other["endpoint_id"]]))
            body = BODIES.get(path, {}) if method in ("POST", "PATCH") else None
            answers.append(told(await world.http.request(method, place, json=body, headers=north)))
        assert answers[0][0] == 404
        assert answers == [answers[0]] * 3, path
    place = f"{ENDPOINTS}/{own['endpoint_id']}/deliveries"
    strange = await world.http.get(f"{place}/{ids[other['endpoint_id']]}", headers=north)
    unknown = await world.http.get(f"{place}/999999", headers=north)
    assert told(strange) == told(unknown)
    assert strange.status_code == 404
    assert await world.fetch("SELECT * FROM webhook_endpoints ORDER BY 1") == before
    listed = (await world.http.get(ENDPOINTS, headers=north)).json()["endpoints"]
    assert [one["endpoint_id"] for one in listed] == [own["endpoint_id"]]


async def test_another_partners_key_cannot_be_revoked(world: PartnerWorld) -> None:
    north, south = await world.add_partner("north"), await world.add_partner("south")
    [other] = (await world.http.get("/v1/partner", headers=south)).json()["keys"]
    answers = [
        told(await world.http.post(f"/v1/partner/keys/{key_id}/revoke", headers=north))
        for key_id in (other["key_id"], "pky_1")
    ]

    assert answers[0] == answers[1]
    assert answers[0][0] == 404
    world.clock.move(timedelta(days=2))
    assert (await world.http.get(EVENTS, headers=south)).status_code == 200


async def test_a_key_that_was_revoked_is_valid_for_a_day_more_and_not_longer(
    world: PartnerWorld,
) -> None:
    owner = await world.add_partner("north")
    spare = await key_with(world, owner)
    keys = (await world.http.get("/v1/partner", headers=owner)).json()["keys"]
    place = f"/v1/partner/keys/{keys[-1]['key_id']}/revoke"
    assert (await world.http.post(place, headers=owner)).status_code == 200
    world.clock.move(timedelta(hours=23, minutes=59))
    assert (await world.http.get(EVENTS, headers=spare)).status_code == 200
    # Asking once more makes it no longer.
    assert (await world.http.post(place, headers=owner)).status_code == 200
    world.clock.move(timedelta(minutes=2))
    assert (await world.http.get(EVENTS, headers=spare)).status_code == 401


async def test_no_key_is_kept_or_told_again(world: PartnerWorld) -> None:
    owner = await world.add_partner("north")
    spare = await key_with(world, owner)
    told_again = [
        await world.http.get(path, headers=owner)
        for path in ("/v1/partner", "/ops/partners", "/ops/partners/north")
    ]
    rows = await world.everything()
    for key in (owner, spare):
        text = key["Authorization"].removeprefix("Bearer ")
        assert len(text) >= 47
        assert text not in json.dumps([one.json() for one in told_again])
        assert text.encode() not in rows
        assert text.removeprefix("opk_").encode() not in rows


async def test_a_key_makes_no_key_that_may_more_than_itself(world: PartnerWorld) -> None:
    owner = await world.add_partner("north")
    keeping = await key_with(world, owner, scopes=["keys:manage", "events:read"])
    answer = await world.http.post(
        "/v1/partner/keys", json={"scopes": ["endpoints:manage"]}, headers=keeping
    )

    assert (answer.status_code, answer.json()["type"]) == (403, "urn:problem:forbidden")
    assert "endpoints:manage" in answer.json()["detail"]
    await key_with(world, keeping, scopes=["events:read"])
