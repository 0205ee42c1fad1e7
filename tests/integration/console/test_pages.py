"""Every page as people and programs get it, over services that are stood in for."""

from datetime import UTC, datetime
from typing import Any

import pytest
from asyncpg import Pool, Record

from tests.integration.console.browsing import JSON, browser, told
from tests.integration.console.letters import LETTER
from tests.integration.console.services import FakeServices
from tests.support.console_records import confirmed, placed, projection, record
from tests.support.in_process import timer_of as timer_running
from tests.support.waiting import eventually


@pytest.mark.parametrize(
    "sought",
    [
        "ord_1",
        "ORD_1",
        "web-ord_1",
        "pay_ord_1",
        "17850",
        "85123a",
        "c17850@example.com",
        " C17850@EXAMPLE.COM ",
        "web-or",
        "evt_ord_1_orders.events.v1_2",
    ],
)
async def test_an_order_is_found_by_anything_that_is_known_of_it(
    pool: "Pool[Record]", services: FakeServices, sought: str
) -> None:
    await projection(pool).process(confirmed("ord_1"))
    async with browser(pool, services) as client:
        found = await told(client, "/orders", q=sought)
        shown = await client.get("/orders", params={"q": sought})

    assert [one["order_id"] for one in found["orders"]] == ["ord_1"]
    assert 'href="/orders/ord_1"' in shown.text


@pytest.mark.parametrize("sought", ["ord_", "%", "nobody@example.com", "x' OR 1=1 --", "<b>"])
async def test_what_is_not_known_is_not_found_and_shown_as_text(
    pool: "Pool[Record]", services: FakeServices, sought: str
) -> None:
    await projection(pool).process(confirmed("ord_1"))
    async with browser(pool, services) as client:
        found = await told(client, "/orders", q=sought)
        shown = await client.get("/orders", params={"q": sought})

    assert found["orders"] == []
    assert "<b>" not in shown.text


async def test_orders_are_listed_by_page_newest_first(
    pool: "Pool[Record]", services: FakeServices
) -> None:
    ids = [f"ord_{one}" for one in range(100, 220)]
    await projection(pool).process([record(placed(one), 1) for one in ids])
    async with browser(pool, services) as client:
        seen, query = [], {"status": "pending"}
        while True:
            page = await told(client, "/orders", **query)
            seen += [one["order_id"] for one in page["orders"]]
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
        other = await client.get("/orders", params={**query, "status": "confirmed", **JSON})
        none = await told(client, "/orders", status="delivered")

    assert seen == ids[::-1]
    assert other.status_code == 400, "a cursor goes on with its own question only"
    assert none["orders"] == []


async def test_an_unknown_order_is_told_as_a_page_and_as_a_problem(
    pool: "Pool[Record]", services: FakeServices
) -> None:
    async with browser(pool, services) as client:
        shown = await client.get("/orders/ord_none")
        problem = await client.get("/orders/ord_none", headers={"Accept": "application/json"})
        twin = await client.get("/orders/ord_none", params=JSON)

    assert (shown.status_code, problem.status_code) == (404, 404)
    assert twin.json() == problem.json()
    assert "No order ord_none." in shown.text
    assert shown.headers["content-type"].startswith("text/html")
    assert problem.json()["type"] == "urn:problem:not-found"


async def test_dead_letters_are_grouped_and_one_is_shown_with_its_contract(
    pool: "Pool[Record]", services: FakeServices
) -> None:
    await projection(pool).process([record(placed("ord_1"), 1)])
    more = {**LETTER, "headers": {"ce_type": "x<y"}, "value_bytes": 900}
    services.answers["payments", "/ops/dead-letters"] = {"dead_letters": [LETTER]}
    services.answers["payments", "/ops/dead-letters/3"] = more
    async with browser(pool, services) as client:
        found = await told(client, "/dead-letters")
        listed = await client.get("/dead-letters")
        one = await told(client, "/dead-letters/payments/3")
        shown = await client.get("/dead-letters/payments/3")
        gone = await client.get("/dead-letters/payments/4")

    assert [(each["reason"], each["orders"]) for each in found["groups"]] == [("handler-failed", 1)]
    assert "built-in" not in listed.text
    assert 'name="type" value="orders.order-placed.v1"' in listed.text
    assert "See what a redrive would do" in listed.text
    assert one["differences"] == []
    assert "tok_of_a_buyer" not in shown.text
    assert "x&lt;y" in shown.text
    assert gone.status_code == 404


async def test_now_shows_what_the_looks_have_seen(
    pool: "Pool[Record]", services: FakeServices
) -> None:
    lagging = 'orderproof_consumer_lag_seconds{consumer="payments"} 44.0\n'
    services.answers["payments", "/metrics"] = lagging
    now = datetime.now(UTC)
    await projection(pool).process([*confirmed("ord_1", now), *confirmed("ord_2", now)])
    async with browser(pool, services) as client:
        app: Any = client.app  # type: ignore[attr-defined]

        async def seen() -> bool:
            page = await told(client, "/")
            return bool(page["alarms"] and page["money"])

        async with timer_running(app, "figures"), timer_running(app, "looks"):
            await eventually(seen, "an alarm and the money")
        found = await told(client, "/")
        shown = await client.get("/")
        system = await client.get("/system")

    assert [one["rule"] for one in found["alarms"]] == ["lagging"]
    assert found["money"] == [{"currency": "GBP", "captured_minor": 3060, "refunded_minor": 0}]
    assert found["confirmed_s"]["p50"] == pytest.approx(1.0, abs=0.01)
    assert "payments reads 44 s behind" in shown.text
    assert "£30.60" in shown.text
    assert system.status_code == 200


@pytest.mark.parametrize("order_id", ["a%3Fb=c", "a%23b", "a%25b", "%E2%98%83"])
async def test_an_orders_name_is_one_part_of_the_path_that_is_asked_for(
    pool: "Pool[Record]", services: FakeServices, order_id: str
) -> None:
    async with browser(pool, services) as client:
        answer = await client.get(f"/orders/{order_id}")

    paths = [path for _, service, path, _, _ in services.asked if service == "orders"]
    assert answer.status_code == 404
    assert all(one.startswith(("/v1/orders/", "/ops/")) for one in paths)
    assert not any(one.startswith("/v1/orders/a?") for one in paths)
