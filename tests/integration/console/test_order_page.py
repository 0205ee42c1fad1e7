"""The page of one order: all that the services know of it, and why it is where it is."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
from asyncpg import Pool, Record
from shared.contracts.inventory import FulfilmentCancellationRequested
from shared.contracts.orders import OrderCancellationRequested

from tests.integration.console.browsing import browser, told
from tests.integration.console.letters import LETTER
from tests.integration.console.services import FakeServices
from tests.support.console_records import confirmed, placed, projection, record
from tests.support.in_process import Transport, app_of

WORK_ROW = {
    "id": 7,
    "order_id": "ord_1",
    "kind": "charge",
    "attempts": 3,
    "not_before": "2026-11-30T10:01:00Z",
    "last_error": "TimeoutError",
    "created_at": "2026-11-30T10:00:00Z",
    "call_started_at": "2026-11-30T10:00:01Z",
    "lease_until": None,
}
WEBHOOK = {
    "delivery_id": "17",
    "event_id": "evt_1",
    "order_id": "ord_1",
    "type": "fulfilment.shipment-dispatched.v1",
    "state": "delivered",
    "attempts": 1,
    "next_attempt_at": None,
    "created_at": "2026-11-30T10:00:00Z",
    "ended_at": "2026-11-30T10:00:01Z",
    "partner": "north",
    "endpoint_id": "whe_1",
    "url": "https://north.example/hook",
    "endpoint_enabled": True,
    "last_attempt_at": "2026-11-30T10:00:01Z",
    "last_status": 204,
    "last_error": None,
    "secret": "whsec_canary",
}
FAILING = {
    **WEBHOOK,
    "delivery_id": "18",
    "state": "pending",
    "attempts": 2,
    "ended_at": None,
    "next_attempt_at": "2026-11-30T10:05:00Z",
    "last_status": None,
    "last_error": "timeout",
}
REMOVED = {**WEBHOOK, "delivery_id": "19", "partner": None, "url": None, "endpoint_enabled": False}
RESTING = {**FAILING, "delivery_id": "20", "endpoint_enabled": False, "next_attempt_at": None}


async def test_an_order_tells_what_each_service_knows_and_why_it_waits(
    pool: "Pool[Record]", services: FakeServices
) -> None:
    await projection(pool).process([record(placed("ord_1", datetime.now(UTC)), 1)])
    services.answers["payments", "/ops/work"] = {"kinds": [], "oldest": [WORK_ROW]}
    services.answers["inventory", "/ops/dead-letters"] = {"dead_letters": [LETTER]}
    async with browser(pool, services) as client:
        found = await told(client, "/orders/ord_1")
        shown = await client.get("/orders/ord_1")

    causes = [one["cause"] for one in found["waits"]]
    assert causes == ["parked", "provider-unknown", "deadline-pending"]
    assert found["headline"].startswith("Stuck: inventory has parked")
    for words in ("Ask the provider again now", "Redrive", "Cancel and compensate"):
        assert words in shown.text
    asked = {(service, path) for _, service, path, _, _ in services.asked}
    assert ("payments", "/ops/work?order_id=ord_1") in asked
    assert ("orders", "/ops/dead-letters?key=web-ord_1") in asked


def entry(account: str, side: str, **more: Any) -> dict[str, Any]:
    booked = {"tx_id": "key-1", "account": account, "side": side, "amount_minor": 1530}
    cause = {"operation": "refund", "number": 1, "reason": "order-cancelled"}
    return {**booked, **cause, "currency": "GBP", "at": "2026-11-30T10:00:00Z", **more}


async def test_an_order_shows_both_sides_of_all_its_money_and_their_sums(
    pool: "Pool[Record]", services: FakeServices
) -> None:
    await projection(pool).process([record(placed("ord_1"), 1)])
    services.answers["payments", "/v1/ledger-entries"] = {
        "entries": [entry("provider_clearing", "credit"), entry("order_funds", "debit")],
        "next_cursor": None,
    }
    async with browser(pool, services) as client:
        found = (await told(client, "/orders/ord_1"))["ledger"]
        shown = (await client.get("/orders/ord_1")).text

    assert [one["account"] for one in found["entries"]] == ["provider_clearing", "order_funds"]
    assert found["sums"] == {"GBP": {"debit": 1530, "credit": 1530}}
    assert found["more"] is False
    for words in ("refund 1: order cancelled", "provider clearing", "order funds"):
        assert words in shown
    assert shown.count("£15.30") == 5, "the order's total, each entry, and both sums"
    assert "not in balance" not in shown


async def test_a_ledger_out_of_balance_is_told_and_one_that_goes_on_is_not_judged(
    pool: "Pool[Record]", services: FakeServices
) -> None:
    await projection(pool).process([record(placed("ord_1"), 1)])
    odd: dict[str, Any] = {"entries": [entry("order_funds", "debit")], "next_cursor": None}
    services.answers["payments", "/v1/ledger-entries"] = odd
    async with browser(pool, services) as client:
        whole = (await client.get("/orders/ord_1")).text
        odd["next_cursor"] = "c"
        part = (await client.get("/orders/ord_1")).text

    assert "not in balance" in whole
    assert "of the first 1 entries" in part
    assert "not in balance" not in part


async def test_a_cancellation_that_a_partner_holds_tells_since_when_and_can_be_released(
    pool: "Pool[Record]", services: FakeServices
) -> None:
    asked_at = datetime.now(UTC) - timedelta(hours=30)
    asked = FulfilmentCancellationRequested(order_id="ord_1", fulfilment_order_id="ffo_1")
    requested = OrderCancellationRequested(
        order_id="ord_1", client_reference="web-ord_1", reason="customer"
    )
    records = [record(asked, 2, asked_at), record(requested, 3, asked_at)]
    await projection(pool).process([*confirmed("ord_1"), *records])
    held = {"fulfilment_order_id": "ffo_1", "status": "open", "lines": [], "shipments": []}
    services.answers["inventory", "/v1/fulfilment-orders"] = {
        "fulfilment_orders": [{**held, "cancellation_status": "requested"}]
    }
    async with browser(pool, services) as client:
        found = await told(client, "/orders/ord_1")
        shown = (await client.get("/orders/ord_1")).text

    assert [one["cause"] for one in found["waits"]] == ["partner-silent"]
    assert "Stuck: The partner has not answered the cancellation for 30 h" in shown
    assert shown.count('name="answer"') == 2
    assert "Release: the partner keeps it back" in shown


async def test_an_order_of_which_kafka_has_not_told_waits_for_that(
    pool: "Pool[Record]", services: FakeServices
) -> None:
    services.answers["orders", "/v1/orders/ord_1"] = {
        "status": "pending",
        "deadline_at": (datetime.now(UTC) + timedelta(minutes=10)).isoformat(),
    }
    async with browser(pool, services) as client:
        found = await told(client, "/orders/ord_1")

    assert found["headline"].startswith("It waits for Kafka to have its placing")


async def test_an_order_that_its_partner_rejects_is_stuck(
    pool: "Pool[Record]", services: FakeServices
) -> None:
    await projection(pool).process(confirmed("ord_1"))
    order = {"fulfilment_order_id": "ffo_1", "status": "open", "lines": [], "shipments": []}
    services.answers["inventory", "/v1/fulfilment-orders"] = {
        "fulfilment_orders": [{**order, "request_status": "rejected"}]
    }
    async with browser(pool, services) as client:
        found = await told(client, "/orders/ord_1")

    assert found["headline"].startswith("Stuck: The partner will not fulfil it")
    assert [one["name"] for one in found["waits"][0]["actions"]] == ["cancel"]


async def test_each_button_has_a_name_of_its_own_so_that_none_becomes_another_under_a_finger(
    pool: "Pool[Record]", services: FakeServices
) -> None:
    """What the page is followed with puts what is new into nodes that have no other name."""
    await projection(pool).process([record(placed("ord_1", datetime.now(UTC)), 1)])
    other = {**WORK_ROW, "id": 8, "kind": "mail"}
    services.answers["payments", "/ops/work"] = {"kinds": [], "oldest": [WORK_ROW]}
    services.answers["notifications", "/ops/work"] = {"kinds": [], "oldest": [other]}
    services.answers["inventory", "/ops/dead-letters"] = {"dead_letters": [LETTER]}
    async with browser(pool, services) as client:
        shown = (await client.get("/orders/ord_1")).text

    forms = re.findall(r'<form method="post"[^>]*>', shown)
    names = [match[1] for one in forms if (match := re.search(r' id="(act-[^"]+)"', one))]
    assert len(forms) == len(set(names)) == 6
    waits = re.findall(r'<li class="(?:stuck|waits)" id="(wait-[^"]+)"', shown)
    assert len(waits) == len(set(waits)) == 4


async def test_a_service_that_is_silent_is_named_and_the_page_is_there(
    pool: "Pool[Record]", services: FakeServices
) -> None:
    await projection(pool).process([record(placed("ord_1"), 1)])
    gone = {**services.settings, "payments_urls": ("http://127.0.0.1:9",)}
    app = app_of("console", pool, **gone)
    transport = Transport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        found = await told(client, "/orders/ord_1")

    assert found["silent"] == ["payments"]
    assert found["waits"][0]["cause"] == "service-down"


async def test_an_order_shows_what_partners_were_told_of_it_and_nothing_that_is_theirs(
    pool: "Pool[Record]", services: FakeServices
) -> None:
    await projection(pool).process([record(placed("ord_1"), 1)])
    services.answers["notifications", "/ops/partner-deliveries"] = {
        "deliveries": [RESTING, REMOVED, FAILING, WEBHOOK],
        "next_cursor": "more",
    }
    async with browser(pool, services) as client:
        found = (await told(client, "/orders/ord_1"))["webhooks"]
        shown = (await client.get("/orders/ord_1")).text

    assert [one["delivery_id"] for one in found["deliveries"]] == ["20", "19", "18", "17"]
    assert found["more"] is True
    for words in (
        'href="/partners/north/endpoints/whe_1/deliveries/17">shipment-dispatched.v1',
        "attempt 3 at <time",
        "attempt 3 when the endpoint is enabled",
        "whe_1, removed",
        "no answer",
        "and earlier ones",
    ):
        assert words in shown
    assert "whsec_canary" not in shown + str(found)
    assert "/partners//endpoints" not in shown


async def test_an_order_of_a_shop_without_partners_says_nothing_of_them(
    pool: "Pool[Record]", services: FakeServices
) -> None:
    await projection(pool).process([record(placed("ord_1"), 1)])
    services.answers["notifications", "/ops/partner-deliveries"] = 404
    async with browser(pool, services) as client:
        shown = await client.get("/orders/ord_1")

    assert shown.status_code == 200
    assert "Partners were told" not in shown.text
