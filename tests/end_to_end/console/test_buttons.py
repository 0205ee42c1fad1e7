"""What the rarer buttons do in a real browser: those about partners, and a call that is begun."""

import pytest

pytest.importorskip("playwright", reason="NOT RUN: playwright is missing; make test installs it")
from playwright.async_api import expect

from tests.end_to_end.console.steps import (
    RETRIED,
    a_delivery,
    a_partner,
    answers,
    held_back,
    press,
    waits_for,
)
from tests.support.browser import CHROMIUM, MISSING, Watched
from tests.support.builders import a_line
from tests.support.receivers import receivers
from tests.support.shop import Shop
from tests.support.waiting import eventually

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=MISSING)


async def test_what_may_be_done_about_a_partner_is_done_and_told(
    console: Shop, seen: Watched
) -> None:
    endpoint = await a_partner(console)
    await seen.open(endpoint)
    asked = answers(seen.page, True, True)
    await press(seen.page, "Send a test event", "brought no answer")
    await press(seen.page, "Replay what failed", "nothing was to be done")
    await press(seen.page, "Disable", "It is disabled")
    await seen.open(endpoint)
    await press(seen.page, "Enable", "It is enabled")

    await seen.open(endpoint.partition("/endpoints")[0])
    await press(seen.page, "Revoke", "lets nobody in any more")
    await expect(seen.page.locator("#live")).to_contain_text("revoke notifications")
    assert [one.split()[0] for one in asked] == ["Disable", "Revoke"]


async def test_one_delivery_is_replayed_from_its_page_and_comes_as_it_came_before(
    console: Shop, seen: Watched
) -> None:
    async with receivers() as partners:
        endpoint = await a_partner(console, partners.url("ok", "replayed"))
        await console.outcome(await console.place(a_line(await console.new_sku(1), 1)))
        delivery = await a_delivery(console, endpoint)
        told = (await console.get(f"{console.url('console')}{delivery}?format=json")).body
        await seen.open(delivery)
        await press(seen.page, "Replay this one", "1 delivery is sent once more.")

        async def came_twice() -> bool:
            came = [one for one in partners.by_name["replayed"] if one.id == event_id]
            return [one.body for one in came] == [came[0].body] * 2 if came else False

        event_id = told["delivery"]["event_id"]
        await eventually(came_twice, "the same event came twice")
    await seen.open(endpoint.partition("/endpoints")[0])
    await expect(seen.page.locator("#live")).to_contain_text("replay notifications")


async def test_a_charge_that_is_held_back_is_named_and_may_be_begun_at_once(
    console: Shop, seen: Watched
) -> None:
    await console.system.take_down("provider")
    try:
        order_id = await held_back(console)
        await seen.open(f"/orders/{order_id}")
        await waits_for(seen.page, "work-not-begun", "A charge is not begun")
        await press(seen.page, "Begin the charge now", RETRIED)
        await expect(seen.page.locator("#live")).to_contain_text("retry payments")
    finally:
        await console.system.bring_back("provider")
    assert (await console.outcome(order_id))["status"] == "confirmed"
    await console.books_agree([order_id])
