"""The partners' pages: what they tell, what they ask for, and what they never show."""

import re
from typing import Any

import pytest
from asyncpg import Pool, Record

from tests.integration.console.browsing import browser, told
from tests.integration.console.partners import (
    ACME,
    ENDPOINT,
    ENDPOINTS,
    HOSTILE,
    PARTNER,
    SECRET,
    WHE,
    tell_of_acme,
)
from tests.integration.console.services import FakeServices

LOG = "/partners/acme/endpoints/whe_1"
PAGES = ("/partners", "/partners/acme", LOG, f"{LOG}/deliveries/7")


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_shows_partners_words_as_text_and_no_secret_and_its_twin_neither(
    pool: "Pool[Record]", services: FakeServices, path: str
) -> None:
    tell_of_acme(services)
    async with browser(pool, services) as client:
        shown = await client.get(path)
        twin = await client.get(path, params={"format": "json"})

    assert (shown.status_code, twin.status_code) == (200, 200)
    assert HOSTILE not in shown.text
    assert "&lt;script&gt;" in shown.text
    assert SECRET not in shown.text + twin.text
    assert 'href="/partners" aria-current="page"' in shown.text
    assert "script-src 'self'" in shown.headers["content-security-policy"]


async def test_partners_are_listed_with_how_their_keys_and_endpoints_stand(
    pool: "Pool[Record]", services: FakeServices
) -> None:
    tell_of_acme(services)
    more = {"partners": [PARTNER], "next_cursor": "acme after"}
    services.answers["notifications", "/ops/partners"] = more
    async with browser(pool, services) as client:
        found = await told(client, "/partners", cursor="before acme")
        shown = await client.get("/partners")

    [acme] = found["partners"]
    assert acme["keys"] == {"valid": 1, "expiring": 0}
    assert (acme["endpoints"]["enabled"], acme["endpoints"]["disabled"]) == (1, 1)
    assert acme["endpoints"]["failing_since"] == ENDPOINT["failing_since"]
    assert 'href="/partners/acme"' in shown.text
    assert 'href="/partners?cursor=acme%20after"' in shown.text
    asked = [path for _, _, path, _, _ in services.asked]
    assert "/ops/partners?limit=50&cursor=before+acme" in asked


async def test_a_partners_endpoints_and_keys_stand_in_words_with_what_may_be_done(
    pool: "Pool[Record]", services: FakeServices
) -> None:
    tell_of_acme(services)
    async with browser(pool, services) as client:
        found = await told(client, "/partners/acme")
        shown = await client.get("/partners/acme")

    says = [one["standing"]["says"] for one in found["endpoints"]]
    assert says == ["failing since", "disabled: gone"]
    for words in (*says, "Disable", "Enable", "Send a test event", "Replay what failed"):
        assert f">{words}<" in shown.text
    assert shown.text.count(">Revoke<") == 1, "a revoked key cannot be revoked"
    assert re.search('<form [^>]*hx-confirm="Revoke pky_1[?]', shown.text)
    assert "rotate" not in shown.text


async def test_endpoints_are_read_to_their_last_page(
    pool: "Pool[Record]", services: FakeServices
) -> None:
    tell_of_acme(services)
    pages = iter([("whe_1", "next"), ("whe_2", None)])

    def page(_: Any) -> dict[str, Any]:
        endpoint_id, cursor = next(pages)
        return {"endpoints": [{**ENDPOINT, "endpoint_id": endpoint_id}], "next_cursor": cursor}

    services.answers["notifications", ENDPOINTS] = page
    async with browser(pool, services) as client:
        found = await told(client, "/partners/acme")

    assert [one["endpoint_id"] for one in found["endpoints"]] == ["whe_1", "whe_2"]
    assert found["more_endpoints"] is False


async def test_deliveries_are_asked_for_by_state_and_order_and_lead_to_the_order(
    pool: "Pool[Record]", services: FakeServices
) -> None:
    tell_of_acme(services)
    query = {"state": "failed", "order_id": "ord_1", "cursor": "here"}
    async with browser(pool, services) as client:
        found = await told(client, LOG, **query)
        shown = await client.get(LOG, params=query)
        wrong = await client.get(LOG, params={"state": "lost"})

    assert [one["delivery_id"] for one in found["deliveries"]] == ["7"]
    assert 'href="/orders/ord_1"' in shown.text
    assert f'href="{LOG}/deliveries/7"' in shown.text
    assert f'{LOG}?state=failed&amp;order_id=ord_1&amp;cursor=older"' in shown.text
    assert f'{LOG}?state=pending&amp;order_id=ord_1"' in shown.text
    asked = [path for _, _, path, _, _ in services.asked]
    assert f"{WHE}/deliveries?limit=50&state=failed&order_id=ord_1&cursor=here" in asked
    assert wrong.status_code == 422


async def test_a_delivery_tells_its_body_and_each_attempt(
    pool: "Pool[Record]", services: FakeServices
) -> None:
    tell_of_acme(services)
    async with browser(pool, services) as client:
        found = await told(client, f"{LOG}/deliveries/7")
        shown = await client.get(f"{LOG}/deliveries/7")

    assert [one["status"] for one in found["attempts"]] == [503, None]
    for words in ("Attempt 2", "503", "31 ms", "no answer", "timeout", "Replay this one"):
        assert words in shown.text
    assert '<input type="hidden" name="event_id" value="evt_1">' in shown.text


@pytest.mark.parametrize("path", PAGES[1:])
async def test_what_is_not_there_is_told_and_so_is_a_service_that_fails(
    pool: "Pool[Record]", services: FakeServices, path: str
) -> None:
    async with browser(pool, services) as client:
        gone = await client.get(path)
        tell_of_acme(services)
        services.answers |= dict.fromkeys(
            [("notifications", one) for one in (ACME, WHE, f"{WHE}/deliveries/7")], 500
        )
        failed = await client.get(path)

    assert gone.status_code == 404
    assert "notifications has no" in gone.text
    assert failed.status_code == 502
    assert "refused with 500" in failed.text


async def test_without_notifications_the_list_says_so_and_a_bad_cursor_is_refused(
    pool: "Pool[Record]", services: FakeServices
) -> None:
    async with browser(pool, services) as client:
        services.answers["notifications", "/ops/partners"] = 503
        silent = await client.get("/partners")
        services.answers["notifications", "/ops/partners"] = 400
        refused = await client.get("/partners", params={"cursor": "x"})
        tell_of_acme(services)
        services.answers["notifications", ENDPOINTS] = 503
        listed = await client.get("/partners")
        one = await client.get("/partners/acme")

    assert "No answer from notifications" in silent.text
    assert refused.status_code == 400
    assert "not told" in listed.text
    assert "notifications does not tell of them" in one.text


@pytest.mark.parametrize("name", ["..%2fmessages", "%2e%2e", "a%3Fb", "A", "-a"])
async def test_what_is_no_name_is_not_asked_for(
    pool: "Pool[Record]", services: FakeServices, name: str
) -> None:
    async with browser(pool, services) as client:
        answer = await client.get(f"/partners/{name}")
        endpoint = await client.get(f"/partners/acme/endpoints/{name}x%2e")

    assert answer.status_code in (404, 422)
    assert endpoint.status_code in (404, 422)
    assert services.asked == []
