"""The console over the running system, in a real browser: what it says, and what its buttons do."""

import signal
from typing import Any
from uuid import uuid4

import pytest

pytest.importorskip("playwright", reason="NOT RUN: playwright is missing; make test installs it")
from playwright.async_api import expect
from shared.contracts import topics

from tests.end_to_end.console.steps import (
    RETRIED,
    a_delivery,
    a_partner,
    answers,
    held_by_a_partner,
    of_one_piece,
    parked_keys,
    place_many,
    press,
    waits_for,
)
from tests.support.browser import CHROMIUM, MISSING, Watched
from tests.support.builders import a_line
from tests.support.shop import Shop
from tests.support.waiting import eventually

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=MISSING)

PARKED = 1_000
PARKED_WITHIN_S = 90


async def test_an_order_is_followed_from_its_place_to_its_delivery(
    console: Shop, seen: Watched
) -> None:
    sku = await console.new_sku(5)
    order_id = await console.place(a_line(sku, 2))
    await seen.open(f"/orders/{order_id}")
    page = seen.page
    status = page.locator(".title .state")
    await expect(status).to_have_text("confirmed")
    await waits_for(page, "dispatch-pending", "the warehouse")
    shipment = await console.dispatch(order_id, (sku, 2))
    await expect(status).to_have_text("shipped")
    await console.deliver(shipment)
    await expect(status).to_have_text("delivered")
    await expect(page.locator(".headline")).to_have_text("Nothing more will happen to it.")
    for told in ("payment-captured", "stock-reserved", "shipment-delivered"):
        await expect(page.locator("#live")).to_contain_text(told)


async def test_it_is_found_from_every_page_by_what_a_caller_knows(
    console: Shop, seen: Watched
) -> None:
    order_id = await console.place(a_line(await console.new_sku(1), 1))
    reference = (await console.outcome(order_id))["client_reference"]
    for at in ("/", "/dead-letters"):
        await seen.open(at)
        await seen.page.locator("h1").first.wait_for(state="attached")
        await seen.page.keyboard.press("/")
        await seen.page.keyboard.type(reference)
        await seen.page.keyboard.press("Enter")
        await seen.page.get_by_role("link", name=order_id).click()
        await expect(seen.page.locator("h1")).to_have_text(order_id)


async def test_a_provider_that_does_not_answer_is_named_and_asked_again(
    console: Shop, seen: Watched
) -> None:
    order_id = await console.place(
        a_line(await console.new_sku(1), 1), token="tok_timeout_not_done"
    )
    await seen.open(f"/orders/{order_id}")

    await waits_for(seen.page, "provider-unknown", "has not said whether the charge was made")
    await press(seen.page, "Ask the provider again now", RETRIED)
    await expect(seen.page.locator("#live")).to_contain_text("retry payments")


async def test_an_order_that_waits_tells_its_deadline_and_can_be_cancelled(
    console: Shop, seen: Watched
) -> None:
    order_id = await console.place(
        a_line(await console.new_sku(1), 1), token="tok_timeout_not_done"
    )
    await seen.open(f"/orders/{order_id}")
    asked = answers(seen.page, False, True)

    await waits_for(seen.page, "deadline-pending", "and expires in")
    await seen.page.get_by_role("button", name="Cancel and compensate").click()
    assert (await console.order(order_id))["status"] == "pending"
    await press(seen.page, "Cancel and compensate", "The order is cancel")
    assert asked == ["Cancel and compensate? This cannot be taken back."] * 2
    await console.reaches(order_id, "cancelled")
    await expect(seen.page.locator(".title .state")).to_have_text("cancelled")
    await console.settled(order_id, 0)


async def test_an_order_that_a_partner_holds_is_released_with_the_partners_answer(
    console: Shop, seen: Watched
) -> None:
    order_id = await held_by_a_partner(console)
    await seen.open(f"/orders/{order_id}")
    asked = answers(seen.page, True)

    await waits_for(seen.page, "partner-silent", "The partner has not answered the cancellation")
    await seen.page.get_by_placeholder("who told you").first.fill("the partner's warehouse")
    await press(seen.page, "Release: the partner keeps it back", "the order is being cancelled")
    assert asked == ["Release: the partner keeps it back? This cannot be taken back."]
    await expect(seen.page.locator(".title .state")).to_have_text("cancelled")
    await expect(seen.page.locator("#live")).to_contain_text("accepted: the partner's warehouse")
    await console.settled(order_id, 0)
    await expect(seen.page.locator(".ledger")).to_contain_text("refund 1: order cancelled")


async def test_an_order_shows_what_partners_were_sent_of_it(console: Shop, seen: Watched) -> None:
    endpoint = await a_partner(console)
    order_id = await console.place(a_line(await console.new_sku(1), 1))
    delivery = await a_delivery(console, endpoint)
    await seen.open(f"/orders/{order_id}")

    row = seen.page.locator(".webhooks tbody tr").filter(has_text=endpoint.split("/")[2])
    await expect(row).to_contain_text("fulfilment-order-opened")
    await expect(row).to_contain_text("no answer")
    await row.get_by_role("link", name="fulfilment-order-opened").click()
    assert seen.page.url.endswith(delivery)


async def test_a_service_that_is_stopped_is_named_and_red(console: Shop, seen: Watched) -> None:
    pid = console.system.node("payments-0").pid
    assert pid is not None
    console.system.kill("payments-0", signal.SIGSTOP)
    try:
        order_id = await console.place(a_line(await console.new_sku(1), 1))
        await seen.open(f"/orders/{order_id}")
        await waits_for(seen.page, "service-down", "payments does not answer")
        await expect(seen.page.locator(".alarms")).to_contain_text("payments does not answer")
    finally:
        console.system.kill("payments-0", signal.SIGCONT)
    await expect(seen.page.locator(".title .state")).to_have_text("confirmed", timeout=30_000)
    await expect(seen.page.locator(".alarms")).not_to_contain_text("payments does not answer")


async def test_a_mail_that_nobody_takes_is_named_and_tried_again(
    console: Shop, seen: Watched
) -> None:
    faults = console.system.addresses.mail + "/faults"
    await console.post(faults, {"reject_percent": 100})
    try:
        order_id = await console.place(a_line(await console.new_sku(1), 1))
        await seen.open(f"/orders/{order_id}")
        await waits_for(seen.page, "mail-not-taken", "The mail server has not taken a mail")
        await press(seen.page, "Try the mail again now", RETRIED)
    finally:
        await console.post(faults, {"reject_percent": 0})
    await console.mailed(order_id, 2)
    await expect(seen.page.locator('[data-cause="mail-not-taken"]')).to_have_count(0)


async def test_a_parked_order_is_looked_at_mended_and_redriven_from_its_page(
    console: Shop, seen: Watched, console_bug: Any
) -> None:
    sku = await console.new_sku(1)
    console_bug(sku)
    order_id = await console.place(a_line(sku, 1))
    await seen.open(f"/orders/{order_id}")

    await waits_for(seen.page, "parked", "inventory has parked orders.order-placed.v1")
    await press(seen.page, "See what a redrive would do", "stop at the next: PlantedBug")
    console_bug()
    await press(seen.page, "Redrive", "to the end")
    await expect(seen.page.locator(".title .state")).to_have_text("confirmed")
    await console.books_agree([order_id])


async def test_a_thousand_parked_orders_are_redriven_after_a_dry_run_and_nothing_is_doubled(
    console: Shop, seen: Watched, console_bug: Any
) -> None:
    """Stopped on the way, and gone on with by beginning again."""
    sku = await console.new_sku(PARKED)
    console_bug(sku)
    orders = await place_many(console, sku, PARKED)

    async def parked() -> bool:
        return await parked_keys(console) == PARKED

    await eventually(parked, "all parked", PARKED_WITHIN_S)
    await seen.open("/dead-letters")
    row = seen.page.get_by_role("row").filter(has_text="handler-failed").first
    newest = seen.page.locator("#jobs .job").first
    console_bug()
    await row.get_by_role("button", name="See what a redrive would do").click()
    await expect(newest).to_contain_text(f"{PARKED} of {PARKED} orders", timeout=60_000)
    assert await parked_keys(console) == PARKED

    redrive = row.get_by_role("button", name="Redrive", exact=True)
    await redrive.click()
    await newest.get_by_role("button", name="Stop").click()
    await expect(newest).to_contain_text("stopped")
    assert 0 < await parked_keys(console) < PARKED
    await redrive.click()
    await expect(newest).to_contain_text("done", timeout=60_000)
    await console.drained()
    assert await console.books_agree(orders) == {"confirmed": PARKED}
    assert (await console.stock(sku))["available"] == 0


async def test_one_that_never_happened_is_discarded_with_a_reason(
    console: Shop, seen: Watched
) -> None:
    key = f"ord_{uuid4().hex}"
    named = {"specversion": "1.0", "id": key, "type": "orders.order-placed.v1", "source": "/test"}
    headers = [(f"ce_{name}", value.encode()) for name, value in named.items()]
    await console.produce(topics.ORDERS, b"{}", headers, key.encode())

    async def parked() -> Any:
        listed = await console.get(f"{console.url('payments')}/ops/dead-letters?key={key}")
        return listed.body["dead_letters"]

    [letter] = await eventually(parked, "it is parked")
    await seen.open(f"/dead-letters/payments/{letter['id']}")
    await expect(seen.page.locator("#content")).to_contain_text("missing")
    asked = answers(seen.page, True)
    await seen.page.get_by_placeholder("why").fill("a record of a test")
    await press(seen.page, "Discard", "Discarded.")
    assert asked == ["Discard? This cannot be taken back."]
    await seen.open("/dead-letters")
    await expect(seen.page.locator("#content")).to_contain_text("a record of a test")
    for service in ("inventory", "notifications"):
        for one in await console.dead_letters(service):
            url = f"{console.url(service)}/ops/dead-letters/{one['id']}/discard"
            await console.post(url, {"reason": "a record of a test"})


async def test_a_mail_is_sent_again_from_the_orders_page(console: Shop, seen: Watched) -> None:
    order_id = await console.place(a_line(await console.new_sku(1), 1))
    await console.mailed(order_id, 2)
    await seen.open(f"/orders/{order_id}")

    await press(seen.page, "Send again", "queued once more")

    async def sent_again() -> bool:
        mails = [one["message_id"] for one in await console.mails(order_id)]
        return len(mails) == 3 and len(set(mails)) == 2

    await eventually(sent_again, "one of two mails came twice")
    await seen.open(f"/mailbox?order_id={order_id}")
    await expect(seen.page.locator("details")).to_have_count(3)


async def test_an_orders_trace_is_on_its_page_and_is_of_one_piece(
    console: Shop, seen: Watched
) -> None:
    order_id = await console.place(a_line(await console.new_sku(1), 1))
    await console.mailed(order_id, 2)
    await seen.open(f"/orders/{order_id}")
    spans = seen.page.locator(".trace tbody tr")
    await expect(spans.filter(has_text="charge provider")).to_have_count(1)
    await expect(spans.filter(has_text="send mail").first).to_be_visible()
    await seen.page.get_by_role("link", name="Trace", exact=True).click()
    await expect(seen.page.locator("h1")).to_contain_text("Trace")
    await of_one_piece(seen.page)
    await expect(spans.first).to_contain_text("POST /v1/orders")


async def test_a_fault_is_set_seen_on_top_and_mended(console: Shop, seen: Watched) -> None:
    await seen.open("/faults")
    await press(seen.page, "errors", "So it is from now on.")
    orders = [await console.place(a_line(await console.new_sku(1), 1)) for _ in range(4)]
    try:
        await seen.open("/")
        await expect(seen.page.locator(".alarms")).to_contain_text("calls unknown")
    finally:
        await console.post(f"{console.system.addresses.provider}/faults", {})
    for order_id in orders:
        await console.outcome(order_id)


async def test_what_a_service_logged_of_an_order_is_found(
    console: Shop, seen: Watched, console_bug: Any
) -> None:
    sku = await console.new_sku(1)
    console_bug(sku)
    order_id = await console.place(a_line(sku, 1))

    async def parked() -> bool:
        return any(one["key"] == order_id for one in await console.dead_letters("inventory"))

    await eventually(parked, "it is parked")
    await seen.open(f"/logs?q={order_id}")
    await expect(seen.page.locator("tbody")).to_contain_text("event-failed")
    console_bug()
    await seen.open(f"/orders/{order_id}")
    await press(seen.page, "Redrive", "to the end")
