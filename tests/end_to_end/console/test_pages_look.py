"""Every page of the console as it looks: fit for everybody, alone, and following what happens."""

import signal
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright", reason="NOT RUN: playwright is missing; make test installs it")
from playwright.async_api import Browser, Route, expect

from tests.end_to_end.console.steps import a_delivery, a_partner, held_by_a_partner
from tests.support.browser import CHROMIUM, MISSING, Watched, watched
from tests.support.builders import a_line
from tests.support.shop import Shop
from tests.support.waiting import eventually, pause

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=MISSING)

SHOTS = Path(__file__).parents[3] / ".run" / "screenshots"
LOOKS = [("light", 1300), ("dark", 1300), ("light", 390)]


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


async def test_a_page_is_live_however_late_its_scripts_come(console: Shop, seen: Watched) -> None:
    async def late(route: Route) -> None:
        await pause(0.7)
        await route.continue_()

    await seen.page.route("**/hx-sse.min.js", late)
    await seen.open("/")
    order_id = await console.place(a_line(await console.new_sku(1), 1))

    await expect(seen.page.locator("#live")).to_contain_text(order_id)


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
    SHOTS.mkdir(parents=True, exist_ok=True)
    more = {"color_scheme": theme, "viewport": {"width": width, "height": 900}}
    async with watched(browser, console.url("console"), **more) as seen:
        for number, path in enumerate(paths):
            await seen.open(path)
            assert await seen.axe() == [], path
            assert await seen.beyond(width) == [], path
            shot = SHOTS / f"{number}-{theme}-{width}.png"
            await seen.page.screenshot(path=shot, full_page=True)
    await console.post(f"{console.url('inventory')}/ops/dead-letters/{letter['id']}/redrive", {})


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
