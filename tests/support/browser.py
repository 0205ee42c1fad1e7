"""A real browser on the console's pages, which notes all that a page must not do."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, Request, async_playwright

CHROMIUM = shutil.which("chromium")
MISSING = "NOT RUN: Chromium is missing; mend it with: apt-get install chromium"
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]

BEYOND = """(width) => [...document.querySelectorAll("body *")]
    .filter((one) => one.getBoundingClientRect().right > width)
    .map((one) => one.outerHTML.slice(0, 120))"""

CUT = """(within) => [...document.querySelectorAll(within)]
    .filter((one) => one.scrollWidth > one.clientWidth)
    .map((one) => one.innerText.slice(0, 120))"""

# A stacked cell says by itself what the head of its column says where there is room.
UNNAMED = """() => [...document.querySelectorAll(".stack")].flatMap((table) => {
    const heads = [...table.tHead.rows[0].cells].map((one) => one.textContent.trim());
    return [...table.tBodies[0].rows]
        .filter((row) => row.cells.length === heads.length)
        .flatMap((row) => [...row.cells])
        .filter((one) => !one.classList.contains("acts"))
        .filter((one) => one.dataset.label?.toUpperCase() !== heads[one.cellIndex].toUpperCase())
        .map((one) => one.outerHTML.slice(0, 120));
})"""


@dataclass
class Watched:
    """A page; ``wrong`` is what it said on the browser's console, and where it wanted to go."""

    page: Page
    origin: str
    wrong: list[str] = field(default_factory=list)

    async def open(self, path: str) -> None:
        answer = await self.page.goto(self.origin + path)
        assert answer is not None
        assert answer.status < 500, await answer.text()

    async def axe(self) -> list[str]:
        """What axe-core has against the page as it is: rule and place."""
        found = await Axe().run(self.page, options={"runOnly": AXE_TAGS})
        return [
            f"{one['id']}: {node['html'][:200]}"
            for one in found.response["violations"]
            for node in one["nodes"]
        ]

    async def beyond(self, width: int) -> list[str]:
        """What makes the page wider than its window; what scrolls by itself does not."""
        if await self.page.evaluate("document.documentElement.scrollWidth") <= width:
            return []
        found: list[str] = await self.page.evaluate(BEYOND, width)
        return found or ["something"]

    async def cut(self, within: str) -> list[str]:
        """Which of those that scroll by themselves have more than is seen at once."""
        found: list[str] = await self.page.evaluate(CUT, within)
        return found

    async def unnamed(self) -> list[str]:
        """Cells of stacked tables that do not name their column."""
        found: list[str] = await self.page.evaluate(UNNAMED)
        return found

    def note_request(self, request: Request) -> None:
        if not request.url.startswith((self.origin, "data:", "blob:")):
            self.wrong.append(f"asked {urlsplit(request.url).netloc}")


@asynccontextmanager
async def a_browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@asynccontextmanager
async def watched(browser: Browser, origin: str, **more: Any) -> AsyncIterator[Watched]:
    """A fresh profile; ``more`` is its theme and size. Fails when the page did anything wrong."""
    context = await browser.new_context(**more)
    page = await context.new_page()
    page.set_default_timeout(15_000)
    seen = Watched(page, origin)
    page.on("console", lambda one: seen.wrong.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda one: seen.wrong.append(str(one)))
    page.on("request", seen.note_request)
    yield seen
    await context.close()
    assert seen.wrong == []
