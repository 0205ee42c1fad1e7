"""Every page of the console as it looks: fit for everybody, alone, and following what happens."""

import re
import shlex
import signal
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from console.domain.alarms import Alarm, Doubt
from console.render import draw

pytest.importorskip("playwright", reason="NOT RUN: playwright is missing; make test installs it")
from playwright.async_api import Browser, Route, expect

from tests.end_to_end.console.steps import (
    a_delivery,
    a_partner,
    held_by_a_partner,
)
from tests.integration.console.test_twins import EXAMPLES
from tests.support.browser import CHROMIUM, MISSING, Watched, watched
from tests.support.builders import a_line
from tests.support.shop import Shop
from tests.support.waiting import eventually, pause

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=MISSING)

SHOTS = Path(__file__).parents[3] / ".run" / "screenshots"
# Nobody looks for an id, a button or a word that is out of sight; only a trace may be so wide.
WHOLE = ".scroll:not(:has(.trace))"
KOLKATA = timedelta(hours=5, minutes=30)
LOOKS = [("light", 1300), ("dark", 1300), ("light", 390), ("light", 320)]


async def test_pages_go_on_after_the_console_was_started_again(
    console: Shop, browser: Browser
) -> None:
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(console.url("console") + "/")
    console.system.kill("console-0", signal.SIGKILL)
    order_id = await console.place(a_line(await console.new_sku(1), 1))
    await expect(page.locator("#live")).to_contain_text(order_id, timeout=30_000)
    await context.close()


async def test_an_order_is_followed_also_after_the_console_was_started_again(
    console: Shop, browser: Browser
) -> None:
    sku = await console.new_sku(1)
    order_id = await console.place(a_line(sku, 1))
    await console.reaches(order_id, "confirmed")
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(f"{console.url('console')}/orders/{order_id}")
    console.system.kill("console-0", signal.SIGKILL)
    await console.dispatch(order_id, (sku, 1))
    await expect(page.locator(".title .state")).to_have_text("shipped", timeout=30_000)
    await context.close()


async def test_a_page_is_live_however_late_its_scripts_come(console: Shop, seen: Watched) -> None:
    async def late(route: Route) -> None:
        await pause(0.7)
        await route.continue_()

    await seen.page.route("**/hx-sse.min.js", late)
    await seen.open("/")
    order_id = await console.place(a_line(await console.new_sku(1), 1))

    await expect(seen.page.locator("#live")).to_contain_text(order_id)


async def test_the_system_is_followed_also_after_the_console_was_started_again(
    console: Shop, browser: Browser
) -> None:
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(console.url("console") + "/system")
    silent = page.locator("#live li").filter(has_text="payments").filter(has_text="silent")
    console.system.kill("console-0", signal.SIGKILL)
    console.system.kill("payments-0", signal.SIGSTOP)
    try:
        await expect(silent).to_be_visible(timeout=30_000)
    finally:
        console.system.kill("payments-0", signal.SIGCONT)
    await expect(silent).to_have_count(0, timeout=30_000)
    await context.close()


def not_among(paths: Sequence[str]) -> list[str]:
    """Pages of the console that none of ``paths`` is an address of."""
    asked = [one.partition("?")[0] for one in paths]
    patterns = {page: re.sub(r"\{\w+\}", "[^/]+", page) for page in EXAMPLES}
    return [
        page for page, one in patterns.items() if not any(re.fullmatch(one, path) for path in asked)
    ]


@pytest.mark.parametrize(("theme", "width"), LOOKS)
async def test_every_page_is_fit_for_everybody_and_asks_nobody_else(
    console: Shop, browser: Browser, console_bug: Any, theme: str, width: int
) -> None:
    sku = await console.new_sku(2)
    endpoint = await a_partner(console)
    told = await console.place(a_line(sku, 1))
    await console.outcome(told)
    delivery = await a_delivery(console, endpoint)
    held = await held_by_a_partner(console)
    console_bug(sku)
    await console.place(a_line(sku, 1))

    async def parked() -> Any:
        return await console.dead_letters("inventory")

    [letter, *_] = await eventually(parked, "one parked")
    console_bug()
    one = f"/dead-letters/inventory/{letter['id']}"
    paths = (
        *("/", "/orders", f"/orders?q={sku}", f"/orders/{told}", "/dead-letters", one, "/system"),
        *("/partners", endpoint.partition("/endpoints")[0], endpoint, delivery),
        f"/orders/{held}",
        *("/mailbox", "/faults", f"/logs?q={told}", f"/traces/{'0' * 32}"),
    )
    assert not_among(paths) == []
    SHOTS.mkdir(parents=True, exist_ok=True)
    more = {"color_scheme": theme, "viewport": {"width": width, "height": 900}}
    async with watched(browser, console.url("console"), **more) as seen:
        for number, path in enumerate(paths):
            await seen.open(path)
            assert await seen.axe() == [], path
            assert await seen.beyond(width) == [], path
            assert await seen.cut(WHOLE) == [], path
            assert await seen.unnamed() == [], path
            shot = SHOTS / f"{number}-{theme}-{width}.png"
            await seen.page.screenshot(path=shot, full_page=True)
    await console.post(f"{console.url('inventory')}/ops/dead-letters/{letter['id']}/redrive", {})


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (2560, 1440)])
async def test_now_is_on_a_wall_whole_and_large(
    console: Shop, browser: Browser, width: int, height: int
) -> None:
    await console.outcome(await console.place(a_line(await console.new_sku(1), 1)))
    more = {"color_scheme": "dark", "viewport": {"width": width, "height": height}}
    async with watched(browser, console.url("console"), **more) as seen:
        await seen.open("/")
        await expect(seen.page.locator(".ticker tbody tr")).not_to_have_count(1)
        assert await seen.beyond(width) == []
        below = await seen.page.evaluate("document.querySelector('main').scrollHeight")
        await seen.page.screenshot(path=SHOTS / f"wall-{width}.png")
        assert below <= height
        figure = await seen.page.locator(".figure").first.bounding_box()
        assert figure is not None
        assert figure["height"] > height / 36


async def test_a_page_and_its_twin_say_the_same_and_a_lost_page_is_told(
    console: Shop, seen: Watched
) -> None:
    for path in (
        "/?format=json",
        "/orders?format=json",
        "/dead-letters?format=json",
        "/partners?format=json",
    ):
        answer = await console.get(console.url("console") + path)
        assert answer.status == 200
        assert isinstance(answer.body, dict)
    lost = await console.get(console.url("console") + "/orders/ord_none")
    assert (lost.status, lost.body["type"]) == (404, "urn:problem:not-found")


TABS_MAX = 80
FOCUSED = """() => {
    const one = document.activeElement;
    const box = one.getBoundingClientRect();
    return {
        says: (one.innerText || one.getAttribute("aria-label") || "").trim(),
        shown: getComputedStyle(one).outlineStyle !== "none" && box.width > 0,
    };
}"""


async def tab_to(seen: Watched, label: str) -> None:
    """By the Tab key alone; on the way each place that has the focus shows it."""
    passed: list[str] = []
    for _ in range(TABS_MAX):
        await seen.page.keyboard.press("Tab")
        focused = await seen.page.evaluate(FOCUSED)
        assert focused["shown"], focused
        passed.append(focused["says"])
        if focused["says"] == label:
            return
    raise AssertionError(f"{label} is not among {passed}")


async def test_who_has_no_mouse_gets_everywhere_and_sees_where_they_are(
    console: Shop, seen: Watched
) -> None:
    order_id = await console.place(a_line(await console.new_sku(1), 1))
    await console.mailed(order_id, 2)
    await seen.open("/orders")
    await tab_to(seen, "To the content")
    await seen.page.keyboard.press("Enter")
    await tab_to(seen, order_id)
    await seen.page.keyboard.press("Enter")
    await expect(seen.page.locator("h1")).to_have_text(order_id)

    await tab_to(seen, "Send again")
    await seen.page.keyboard.press("Enter")
    await expect(seen.page.locator("#told")).to_contain_text("queued once more")
    await expect(seen.page.locator("#live")).to_contain_text("resend notifications")
    # What was drawn anew meanwhile took nobody's place away.
    assert (await seen.page.evaluate(FOCUSED))["says"] == "Send again"


UNREAD = Doubt("orders", "orders has not said how far behind it reads.")
NO_PARTNERS = {
    "looked": True,
    "doubts": [UNREAD],
    "is_local": False,
    "path": "/partners",
    "twin": None,
    "user": None,
    "is_silent": False,
    "partners": [],
    "next_cursor": None,
}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("alarms", [[], [Alarm("parked", "1 order is parked", "orders-parked")]])
async def test_what_is_not_known_yet_is_fit_for_everybody_and_opened_without_a_mouse(
    console: Shop, browser: Browser, theme: str, alarms: list[Alarm]
) -> None:
    """A running system is in doubt for moments only: here the page is drawn as it would be."""
    drawn = draw("partners.html", {**NO_PARTNERS, "alarms": alarms})

    async def answer(route: Route) -> None:
        await route.fulfill(body=drawn, content_type="text/html; charset=utf-8")

    async with watched(browser, console.url("console"), color_scheme=theme) as seen:
        await seen.page.route("**/partners", answer)
        await seen.open("/partners")
        told = seen.page.get_by_text(UNREAD.says)
        await expect(told).not_to_be_visible()
        await tab_to(seen, (await seen.page.locator("#doubts summary").inner_text()).strip())
        await seen.page.keyboard.press("Enter")
        await expect(told).to_be_visible()
        assert await seen.axe() == []


async def test_a_page_is_copied_as_a_command_that_tells_the_same_and_in_the_readers_time(
    console: Shop, browser: Browser
) -> None:
    order_id = await console.place(a_line(await console.new_sku(1), 1))
    more = {"permissions": ["clipboard-read", "clipboard-write"], "timezone_id": "Asia/Kolkata"}
    async with watched(browser, console.url("console"), **more) as seen:
        await seen.open(f"/orders/{order_id}")
        await seen.page.get_by_role("button", name="Copy as curl").click()
        await expect(seen.page.locator("#copied")).to_have_text("Copied.")
        command = await seen.page.evaluate("navigator.clipboard.readText()")
        placed = seen.page.locator("dt:text-is('Placed') + dd time")
        in_utc = datetime.fromisoformat(await placed.inner_text())
        await seen.page.get_by_role("button", name="Times in UTC").click()
        await expect(placed).to_have_text(f"{in_utc + KOLKATA:%Y-%m-%d %H:%M:%S.%f}"[:-3])

    curl, quiet, url = shlex.split(command)
    assert (curl, quiet) == ("curl", "-s")
    assert (await console.get(url)).body["order_id"] == order_id
