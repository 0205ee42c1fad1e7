"""What is done about a partner: the call, the operator's name, and words for what came of it."""

from base64 import b64encode
from itertools import chain, repeat
from typing import Any, NamedTuple

import httpx2
import pytest
from asyncpg import Pool, Record

from tests.integration.console.browsing import browser, told
from tests.integration.console.partners import (
    ACME,
    ENDPOINT,
    HOSTILE,
    KEY,
    SECRET,
    TESTED,
    WHE,
    tell_of_acme,
)
from tests.integration.console.services import FakeServices
from tests.support.in_process import Transport, app_of

Form = dict[str, str]
ASIDE = {"HX-Request": "true"}
REPLAY = f"{WHE}/replay"


class Case(NamedTuple):
    """What is asked for, the call it makes, its answer, and what is told of it."""

    asked: Form
    method: str
    path: str
    body: Any
    answer: Any
    says: str


def form(action: str, target: str = "whe_1", **more: str) -> Form:
    return {"action": action, "partner": "acme", "target": target, **more}


def replayed(count: int, cursor: str | None = None) -> dict[str, Any]:
    return {"replayed": count, "next_cursor": cursor}


ONE_EVENT = form("replay", event_id="evt_1", order_id="ord_1")
CASES = [
    Case(form("enable"), "PATCH", WHE, {"enabled": True}, ENDPOINT, "It is enabled"),
    Case(form("disable"), "PATCH", WHE, {"enabled": False}, ENDPOINT, "It is disabled"),
    Case(form("test"), "POST", f"{WHE}/test", None, TESTED, "was received: 204, after 12 ms"),
    Case(form("replay-failed"), "POST", REPLAY, {"failed": True}, replayed(3), "3 deliveries are"),
    Case(ONE_EVENT, "POST", REPLAY, {"event_id": "evt_1"}, replayed(1), "1 delivery is sent"),
    Case(form("revoke", "pky_1"), "POST", f"{ACME}/keys/pky_1/revoke", None, KEY, "is revoked"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.asked["action"])
async def test_each_is_one_call_with_the_operators_name_and_is_written_down(
    pool: "Pool[Record]", services: FakeServices, case: Case
) -> None:
    tell_of_acme(services)
    services.answers["notifications", case.path] = case.answer
    key = "a key of the operators"
    app = app_of("console", pool, **services.settings, access_key=key)
    transport = Transport(app)
    basic = {"Authorization": "Basic " + b64encode(f"ada:{key}".encode()).decode()}
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://127.0.0.1", headers=basic
    ) as client:
        answer = await client.post("/actions/partners", data=case.asked, headers=ASIDE)
        services.answers["notifications", WHE] = ENDPOINT
        found = await told(client, "/partners/acme")

    assert case.says in answer.text
    assert SECRET not in answer.text
    [asked] = [one for one in services.asked if one[0] != "GET"]
    assert asked == (case.method, "notifications", case.path, "ada", case.body)
    [written] = found["actions"]
    assert (written["operator"], written["action"]) == ("ada", case.asked["action"])
    assert written["target"] == f"acme/{case.asked['target']}"
    assert written["order_id"] == case.asked.get("order_id")


async def test_a_test_event_tells_what_came_back_as_text_and_without_a_secret(
    pool: "Pool[Record]", services: FakeServices
) -> None:
    lost = {**TESTED, "received": False, "status": None, "error": "timeout", "response_head": ""}
    services.answers["notifications", f"{WHE}/test"] = TESTED
    async with browser(pool, services) as client:
        aside = await client.post("/actions/partners", data=form("test"), headers=ASIDE)
        whole = await client.post("/actions/partners", data=form("test"))
        twin = await client.post("/actions/partners?format=json", data=form("test"))
        services.answers["notifications", f"{WHE}/test"] = lost
        no_answer = await client.post("/actions/partners", data=form("test"), headers=ASIDE)

    for text in (aside.text, whole.text):
        assert "X-Hostile: &lt;script&gt;" in text
        assert HOSTILE not in text
    assert SECRET not in twin.text
    assert twin.json()["exchange"]["response_body"] == "thanks"
    assert '<p class="good">' in aside.text
    assert '<p class="bad">The test event brought no answer: timeout, after' in no_answer.text


async def test_all_that_failed_is_replayed_a_page_after_the_other_up_to_a_bound(
    pool: "Pool[Record]", services: FakeServices
) -> None:
    async with browser(pool, services) as client:

        async def said(*answers: Any) -> str:
            coming = chain(answers, repeat(replayed(1, "more")))
            services.answers["notifications", REPLAY] = lambda _: next(coming)
            answer = await client.post("/actions/partners", data=form("replay-failed"))
            return answer.text

        assert "5 deliveries are sent" in await said(replayed(3, "next"), replayed(2))
        bodies = [body for _, _, _, body in services.posted]
        assert bodies == [{"failed": True}, {"failed": True, "cursor": "next"}]
        assert "Nothing was given up" in await said(replayed(0))
        assert "3 deliveries are sent once more. Then: " in await said(replayed(3, "next"), 503)
        services.asked.clear()
        assert "There are more; press it again." in await said()
        assert len(services.posted) == 20


async def test_a_refusal_is_told_in_the_services_words_and_who_is_away_by_name(
    pool: "Pool[Record]", services: FakeServices
) -> None:
    services.answers["notifications", WHE] = 409
    away = {**services.settings, "notifications_urls": ("http://127.0.0.1:9",)}
    app = app_of("console", pool, **away)
    transport = Transport(app)
    async with browser(pool, services) as client:
        refused = await client.post("/actions/partners", data=form("enable"))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        lost = await client.post("/actions/partners", data=form("enable"))

    assert "notifications refused: refused with 409" in refused.text
    assert "notifications cannot be reached; nothing was done." in lost.text


@pytest.mark.parametrize(
    "asked",
    [
        form("rotate-secret"),
        form("replay"),
        form("enable", ".."),
        form("enable", "whe_1/rotate-secret"),
        {**form("enable"), "partner": "../acme"},
        {**form("enable"), "secret": "x"},
        {},
    ],
)
async def test_a_form_that_makes_no_sense_calls_nobody(
    pool: "Pool[Record]", services: FakeServices, asked: Form
) -> None:
    async with browser(pool, services) as client:
        answer = await client.post("/actions/partners", data=asked)

    assert answer.status_code == 422
    assert services.asked == []


async def test_another_sites_page_does_nothing_here(
    pool: "Pool[Record]", services: FakeServices
) -> None:
    foreign = {"Origin": "https://elsewhere.example"}
    async with browser(pool, services) as client:
        answer = await client.post("/actions/partners", data=form("disable"), headers=foreign)

    assert answer.status_code == 403
    assert services.asked == []
