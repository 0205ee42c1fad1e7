"""What tests do on the console's pages, and beside them."""

import asyncio
import re

from playwright.async_api import Page, expect

from tests.support.builders import a_line
from tests.support.shop import Shop


async def waits_for(page: Page, cause: str, words: str) -> None:
    """The order's page names the cause, in words."""
    await expect(page.locator(f'[data-cause="{cause}"]')).to_contain_text(words)


async def press(page: Page, label: str, tells: str | re.Pattern[str]) -> None:
    """A button, and what is told beside it."""
    await page.get_by_role("button", name=label, exact=True).first.click()
    await expect(page.locator("#told")).to_contain_text(tells)


async def place_many(shop: Shop, sku: str, count: int) -> list[str]:
    """As many orders of one unit each, twenty at a time."""
    room = asyncio.Semaphore(20)

    async def place() -> str:
        async with room:
            return await shop.place(a_line(sku, 1))

    return list(await asyncio.gather(*(place() for _ in range(count))))


async def parked_keys(shop: Shop) -> int:
    """How many orders inventory has parked."""
    metrics = (await shop.get(f"{shop.url('inventory')}/metrics")).raw.decode()
    found = re.search(
        r'^orderproof_parked_keys\{consumer="inventory"\} (\S+)', metrics, re.MULTILINE
    )
    return int(float(found[1])) if found else 0
