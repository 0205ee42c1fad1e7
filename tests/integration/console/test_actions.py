"""Actions: one call to the owning service, written down, and told in words whatever comes back."""

import httpx2
import pytest
from asyncpg import Pool, Record

from tests.integration.console.browsing import browser, told
from tests.integration.console.services import FakeServices
from tests.support.console_records import placed, projection, record
from tests.support.in_process import Transport, app_of
from tests.support.waiting import eventually


async def test_an_action_is_one_call_with_the_operators_name_and_is_written_down(
    pool: "Pool[Record]", services: FakeServices
) -> None:
    await projection(pool).process([record(placed("ord_1"), 1)])
    services.answers["payments", "/ops/work/7/retry"] = {"id": 7}
    form = {"action": "retry", "service": "payments", "target": "7", "order_id": "ord_1"}
    async with browser(pool, services) as client:
        answer = await client.post("/actions", data=form, headers={"HX-Request": "true"})
        found = await told(client, "/orders/ord_1")

    assert "taken up at once" in answer.text
    assert services.posted == [("payments", "/ops/work/7/retry", "local", None)]
    [written] = found["actions"]
    assert (written["operator"], written["action"], written["status"]) == ("local", "retry", 200)
    assert written["answer"].startswith("It is due now and taken up at once")


async def test_a_refusal_is_told_in_the_services_words(
    pool: "Pool[Record]", services: FakeServices
) -> None:
    services.answers["orders", "/v1/orders/ord_1/cancel"] = 409
    form = {"action": "cancel", "service": "orders", "target": "ord_1", "order_id": "ord_1"}
    async with browser(pool, services) as client:
        answer = await client.post("/actions", data=form, headers={"HX-Request": "true"})
        whole = await client.post("/actions", data=form)

    assert "orders refused: refused with 409" in answer.text
    assert "<html" in whole.text
    assert "Not done" in whole.text


async def test_to_discard_needs_a_reason(pool: "Pool[Record]", services: FakeServices) -> None:
    form = {"action": "discard", "service": "payments", "target": "3"}
    async with browser(pool, services) as client:
        answer = await client.post("/actions", data=form)

    assert answer.status_code == 422
    assert "Say why" in answer.text
    assert services.posted == []


RELEASE = {
    "action": "release",
    "service": "inventory",
    "target": "ffo_1",
    "order_id": "ord_1",
    "answer": "accepted",
    "reason": "called them",
}


@pytest.mark.parametrize(
    ("answer", "says"),
    [("accepted", "the order is being cancelled"), ("refused", "the order goes on")],
)
async def test_a_release_gives_the_partners_answer_and_tells_inventory_no_reason(
    pool: "Pool[Record]", services: FakeServices, answer: str, says: str
) -> None:
    path = "/v1/fulfilment-orders/ffo_1/cancellation"
    services.answers["inventory", path] = {"fulfilment_order_id": "ffo_1"}
    async with browser(pool, services) as client:
        done = await client.post("/actions", data={**RELEASE, "answer": answer})
    written = await pool.fetchrow("SELECT action, target, order_id, reason FROM actions")

    assert says in done.text
    assert services.posted == [("inventory", path, "local", {"answer": answer})]
    assert tuple(written or ()) == ("release", "ffo_1", "ord_1", f"{answer}: called them")


@pytest.mark.parametrize(
    ("lacks", "says"),
    [({"reason": ""}, "who told you"), ({"answer": ""}, "a partner&#39;s answer")],
)
async def test_a_release_needs_an_answer_and_who_gave_it(
    pool: "Pool[Record]", services: FakeServices, lacks: dict[str, str], says: str
) -> None:
    async with browser(pool, services) as client:
        answer = await client.post("/actions", data={**RELEASE, **lacks})

    assert answer.status_code == 422
    assert says in answer.text
    assert services.posted == []


@pytest.mark.parametrize(
    "form",
    [
        {"action": "retry", "service": "payments", "target": "3", "answer": "accepted"},
        {**RELEASE, "answer": "perhaps"},
        {"action": "drop", "service": "payments", "target": "3"},
        {"action": "retry", "service": "elsewhere", "target": "3"},
        {"action": "retry", "service": "payments", "target": "../../v1/orders"},
        {"action": "retry", "service": "payments", "target": ""},
        {},
    ],
)
async def test_a_form_that_makes_no_sense_calls_nobody(
    pool: "Pool[Record]", services: FakeServices, form: dict[str, str]
) -> None:
    async with browser(pool, services) as client:
        answer = await client.post("/actions", data=form)

    assert answer.status_code == 422
    assert services.posted == []


async def test_an_action_goes_to_an_instance_that_can_be_reached_and_is_told_when_none_can(
    pool: "Pool[Record]", services: FakeServices
) -> None:
    nowhere = "http://127.0.0.1:9"
    services.answers["payments", "/ops/work/7/retry"] = {"id": 7}
    settings = {
        **services.settings,
        "payments_urls": (nowhere, *services.settings["payments_urls"]),
        "inventory_urls": (nowhere,),
    }
    app = app_of("console", pool, **settings)
    transport = Transport(app)
    form = {"action": "retry", "target": "7"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        done = await client.post("/actions", data={**form, "service": "payments"})
        lost = await client.post("/actions", data={**form, "service": "inventory"})

    assert "taken up at once" in done.text
    assert "cannot be reached; nothing was done" in lost.text


@pytest.mark.parametrize(
    ("group", "asked"),
    [
        ({"type": "orders.order-placed.v1"}, "&type=orders.order-placed.v1"),
        ({"untyped": "true"}, "&type="),
        ({}, ""),
    ],
)
async def test_a_redrive_of_a_group_asks_for_its_event_only(
    pool: "Pool[Record]", services: FakeServices, group: dict[str, str], asked: str
) -> None:
    form = {"service": "payments", "reason": "handler-failed", **group}
    async with browser(pool, services) as client:
        answer = await client.post("/actions/groups", data=form)

        async def written() -> str | None:
            over = "SELECT target FROM actions WHERE answer LIKE '%: done'"
            found: str | None = await pool.fetchval(over)
            return found

        target = await eventually(written, "the redrive is over")

    assert answer.status_code == 200
    listed = [path for _, _, path, _, _ in services.asked if path.startswith("/ops/dead-letters?")]
    assert listed == [f"/ops/dead-letters?after=0&limit=200&reason=handler-failed{asked}"]
    event = group.get("type", "without a type") if group else ""
    assert target == "all of handler-failed" + (f", {event}" if event else "")
