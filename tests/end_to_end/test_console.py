"""The console over the running system, in a real browser: what it says, and what its buttons do."""

import asyncio
import re
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from local_runtime.config import WITH_CONSOLE
from local_runtime.runtimes.base import Backing
from playwright.async_api import Browser, Page, expect

from tests.conftest import a_shop
from tests.support.browser import CHROMIUM, MISSING, Watched, a_browser, watched
from tests.support.builders import a_line
from tests.support.shop import Shop
from tests.support.waiting import eventually

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=MISSING)

SHOTS = Path(__file__).parents[2] / ".run" / "screenshots"
LOOKS = [("light", 1300), ("dark", 1300), ("light", 390)]
PARKED = 40
expect.set_options(timeout=15_000)


@pytest.fixture(scope="module")
async def shop(backing: Backing, run_dir: Path) -> AsyncIterator[Shop]:
    async with a_shop(
        backing,
        run_dir,
        "console",
        1,
        services=WITH_CONSOLE,
        CONSOLE_LOOK_INTERVAL_S="0.5",
        ORDERS_DEADLINE_S="60",
    ) as running:
        yield running


@pytest.fixture(scope="module")
async def browser(shop: Shop) -> AsyncIterator[Browser]:
    async with a_browser() as running:
        yield running


@pytest.fixture
async def seen(shop: Shop, browser: Browser) -> AsyncIterator[Watched]:
    async with watched(browser, shop.url("console")) as page:
        yield page


@pytest.fixture
def bug(shop: Shop) -> Iterator[Any]:
    """Plant a bug in inventory's handler for some SKUs; it is mended at the end."""
    switch = shop.crash_dir / "bug"

    def plant(*skus: str) -> None:
        switch.write_text(" ".join(skus))

    yield plant
    switch.unlink(missing_ok=True)


async def waits_for(page: Page, cause: str, words: str) -> None:
    """The order's page names the cause, in words."""
    await expect(page.locator(f'[data-cause="{cause}"]')).to_contain_text(words)


async def press(page: Page, label: str, tells: str | re.Pattern[str]) -> None:
    """A button, and what is told beside it."""
    await page.get_by_role("button", name=label, exact=True).first.click()
    await expect(page.locator("#told")).to_contain_text(tells)


async def test_an_order_is_followed_from_its_place_to_its_delivery(
    shop: Shop, seen: Watched
) -> None:
    sku = await shop.new_sku(5)
    order_id = await shop.place(a_line(sku, 2))
    await seen.open(f"/orders/{order_id}")
    page = seen.page
    status = page.locator(".title .state")
    await expect(status).to_have_text("confirmed")
    await waits_for(page, "dispatch-pending", "the warehouse")
    shipment = await shop.dispatch(order_id, (sku, 2))
    await expect(status).to_have_text("shipped")
    await shop.deliver(shipment)
    await expect(status).to_have_text("delivered")
    await expect(page.locator(".headline")).to_have_text("Nothing more will happen to it.")
    for told in ("payment-captured", "stock-reserved", "shipment-delivered"):
        await expect(page.locator("#live")).to_contain_text(told)


async def test_it_is_found_from_every_page_by_what_a_caller_knows(
    shop: Shop, seen: Watched
) -> None:
    order_id = await shop.place(a_line(await shop.new_sku(1), 1))
    reference = (await shop.outcome(order_id))["client_reference"]
    for at in ("/", "/dead-letters"):
        await seen.open(at)
        await seen.page.locator("h1").first.wait_for(state="attached")
        await seen.page.keyboard.press("/")
        await seen.page.keyboard.type(reference)
        await seen.page.keyboard.press("Enter")
        await seen.page.get_by_role("link", name=order_id).click()
        await expect(seen.page.locator("h1")).to_have_text(order_id)


async def test_a_provider_that_does_not_answer_is_named_and_asked_again(
    shop: Shop, seen: Watched
) -> None:
    order_id = await shop.place(a_line(await shop.new_sku(1), 1), token="tok_timeout_not_done")
    await seen.open(f"/orders/{order_id}")

    await waits_for(seen.page, "provider-unknown", "has not said whether the charge was made")
    await press(seen.page, "Ask the provider again now", "taken up at once")
    await expect(seen.page.locator("#live")).to_contain_text("retry payments")


async def test_an_order_that_waits_tells_its_deadline_and_can_be_cancelled(
    shop: Shop, seen: Watched
) -> None:
    order_id = await shop.place(a_line(await shop.new_sku(1), 1), token="tok_timeout_not_done")
    await seen.open(f"/orders/{order_id}")
    seen.page.on("dialog", lambda one: asyncio.ensure_future(one.accept()))

    await waits_for(seen.page, "deadline-pending", "and expires in")
    await press(seen.page, "Cancel and compensate", "The order is cancel")
    await shop.reaches(order_id, "cancelled")
    await expect(seen.page.locator(".title .state")).to_have_text("cancelled")
    await shop.settled(order_id, 0)


async def test_a_service_that_is_stopped_is_named_and_red(shop: Shop, seen: Watched) -> None:
    pid = shop.system.node("payments-0").pid
    assert pid is not None
    shop.system.kill("payments-0", signal.SIGSTOP)
    try:
        order_id = await shop.place(a_line(await shop.new_sku(1), 1))
        await seen.open(f"/orders/{order_id}")
        await waits_for(seen.page, "service-down", "payments does not answer")
        await expect(seen.page.locator(".alarms")).to_contain_text("payments does not answer")
    finally:
        shop.system.kill("payments-0", signal.SIGCONT)
    await expect(seen.page.locator(".title .state")).to_have_text("confirmed", timeout=30_000)
    await expect(seen.page.locator(".alarms")).to_contain_text("All is well")


async def test_a_mail_that_nobody_takes_is_named_and_tried_again(shop: Shop, seen: Watched) -> None:
    faults = shop.system.addresses.mail + "/faults"
    await shop.post(faults, {"reject_percent": 100})
    try:
        order_id = await shop.place(a_line(await shop.new_sku(1), 1))
        await seen.open(f"/orders/{order_id}")
        await waits_for(seen.page, "mail-not-taken", "The mail server has not taken a mail")
    finally:
        await shop.post(faults, {"reject_percent": 0})
    await press(seen.page, "Try the mail again now", re.compile("taken up at once|under way|made"))
    await shop.mailed(order_id, 2)
    await expect(seen.page.locator('[data-cause="mail-not-taken"]')).to_have_count(0)


async def test_a_parked_order_is_looked_at_mended_and_redriven_from_its_page(
    shop: Shop, seen: Watched, bug: Any
) -> None:
    sku = await shop.new_sku(1)
    bug(sku)
    order_id = await shop.place(a_line(sku, 1))
    await seen.open(f"/orders/{order_id}")

    await waits_for(seen.page, "parked", "inventory has parked orders.order-placed.v1")
    await press(seen.page, "See what a redrive would do", "stop at the next: PlantedBug")
    bug()
    await press(seen.page, "Redrive", "to the end")
    await expect(seen.page.locator(".title .state")).to_have_text("confirmed")
    await shop.books_agree([order_id])


async def test_a_group_is_redriven_after_a_dry_run_and_nothing_is_doubled(
    shop: Shop, seen: Watched, bug: Any
) -> None:
    sku = await shop.new_sku(PARKED)
    bug(sku)
    orders = [await shop.place(a_line(sku, 1)) for _ in range(PARKED)]

    async def parked() -> bool:
        return len(await shop.dead_letters("inventory")) == PARKED

    await eventually(parked, "all parked")
    await seen.open("/dead-letters")
    row = seen.page.get_by_role("row").filter(has_text="handler-failed").first
    bug()
    await row.get_by_role("button", name="See what a redrive would do").click()
    await expect(seen.page.locator("#jobs")).to_contain_text(f"{PARKED} of {PARKED} orders")
    assert len(await shop.dead_letters("inventory")) == PARKED
    await row.get_by_role("button", name="Redrive", exact=True).click()
    await expect(seen.page.locator("#jobs .job")).to_have_count(2)
    for order_id in orders:
        await shop.outcome(order_id)
    assert await shop.books_agree(orders) == {"confirmed": PARKED}
    assert (await shop.stock(sku))["available"] == 0


async def test_pages_go_on_after_the_console_was_started_again(
    shop: Shop, browser: Browser
) -> None:
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(shop.url("console") + "/")
    shop.system.kill("console-0", signal.SIGKILL)
    order_id = await shop.place(a_line(await shop.new_sku(1), 1))
    await expect(page.locator("#live")).to_contain_text(order_id, timeout=30_000)
    await context.close()


@pytest.mark.parametrize(("theme", "width"), LOOKS)
async def test_every_page_is_fit_for_everybody_and_asks_nobody_else(
    shop: Shop, browser: Browser, bug: Any, theme: str, width: int
) -> None:
    sku = await shop.new_sku(2)
    told = await shop.place(a_line(sku, 1))
    await shop.outcome(told)
    bug(sku)
    await shop.place(a_line(sku, 1))

    async def parked() -> Any:
        return await shop.dead_letters("inventory")

    [letter, *_] = await eventually(parked, "one parked")
    bug()
    one = f"/dead-letters/inventory/{letter['id']}"
    paths = ("/", "/orders", f"/orders?q={sku}", f"/orders/{told}", "/dead-letters", one, "/system")
    SHOTS.mkdir(parents=True, exist_ok=True)
    more = {"color_scheme": theme, "viewport": {"width": width, "height": 900}}
    async with watched(browser, shop.url("console"), **more) as seen:
        for number, path in enumerate(paths):
            await seen.open(path)
            assert await seen.axe() == [], path
            wider = await seen.page.evaluate("document.documentElement.scrollWidth")
            assert wider <= width, f"{path} is {wider} wide"
            shot = SHOTS / f"{number}-{theme}-{width}.png"
            await seen.page.screenshot(path=shot, full_page=True)
    await shop.post(f"{shop.url('inventory')}/ops/dead-letters/{letter['id']}/redrive", {})


async def test_a_page_and_its_twin_say_the_same_and_a_lost_page_is_told(
    shop: Shop, seen: Watched
) -> None:
    for path in ("/?format=json", "/orders?format=json", "/dead-letters?format=json"):
        answer = await shop.get(shop.url("console") + path)
        assert answer.status == 200
        assert isinstance(answer.body, dict)
    lost = await shop.get(shop.url("console") + "/orders/ord_none")
    assert (lost.status, lost.body["type"]) == (404, "urn:problem:not-found")
