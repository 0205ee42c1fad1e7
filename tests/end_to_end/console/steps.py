"""What tests do on the console's pages, and beside them."""

import asyncio
import re
from typing import Any
from uuid import uuid4

from playwright.async_api import Dialog, Page, expect

from tests.support.builders import a_line
from tests.support.shop import Shop
from tests.support.waiting import eventually

RETRIED = re.compile("taken up at once|under way|made meanwhile")


async def waits_for(page: Page, cause: str, words: str) -> None:
    """The order's page names the cause, in words."""
    await expect(page.locator(f'[data-cause="{cause}"]')).to_contain_text(words)


async def press(page: Page, label: str, tells: str | re.Pattern[str]) -> None:
    """A button, and what is told beside it."""
    await page.get_by_role("button", name=label, exact=True).first.click()
    await expect(page.locator("#told")).to_contain_text(tells)


async def of_one_piece(page: Page) -> None:
    """A trace's page once one span alone has no parent: each service sends in its own time."""

    async def look() -> bool:
        await page.reload()
        roots: int = await page.locator(".trace td.depth-0").count()
        return roots == 1

    await eventually(look, "one span without a parent")


def answers(page: Page, *accepts: bool) -> list[str]:
    """Answer what the page asks to confirm, in turn; gives what it has asked."""
    asked: list[str] = []

    async def answer(dialog: Dialog) -> None:
        accept = accepts[len(asked)]
        asked.append(dialog.message)
        await (dialog.accept() if accept else dialog.dismiss())

    page.on("dialog", lambda one: asyncio.ensure_future(answer(one)))
    return asked


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


async def held_by_a_partner(shop: Shop) -> str:
    """An order whose cancellation waits for a partner who has accepted to fulfil it."""
    order_id = await shop.place(a_line(await shop.new_sku(1), 1))
    fulfilment_order = (await shop.fulfilment_order(order_id))["fulfilment_order_id"]
    for step in ("request", "accept"):
        url = f"{shop.url('inventory')}/v1/fulfilment-orders/{fulfilment_order}/{step}"
        answer = await shop.post(url, {})
        assert answer.status == 200, answer.body
    assert (await shop.cancel(order_id)).body["status"] == "cancelling"
    return order_id


async def held_back(shop: Shop) -> str:
    """An order whose charge is not begun, because the provider, which must be away, has answered
    none of those before it.
    """
    sku = await shop.new_sku(100)

    async def look() -> str | None:
        order_id = await shop.place(a_line(sku, 1))
        call = await eventually(lambda: _call_of(shop, order_id), "it has a call to the provider")
        return order_id if call and call["call_started_at"] is None else None

    return await eventually(look, "a charge is held back") or ""


async def _call_of(shop: Shop, order_id: str) -> dict[str, Any] | None:
    """The order's oldest call that is not done."""
    url = f"{shop.url('payments')}/ops/work?order_id={order_id}"
    return next(iter((await shop.get(url)).body["oldest"]), None)


async def a_partner(shop: Shop, url: str = "http://127.0.0.1:9/" + "long" * 40) -> str:
    """A partner with an endpoint, where nobody listens unless told; gives the endpoint's page."""
    name = f"look-{uuid4().hex[:8]}"
    partners = f"{shop.url('notifications')}/ops/partners"
    added = await shop.post(partners, {"name": name})
    assert added.status == 201, added.body
    endpoints = f"{partners}/{name}/webhook-endpoints"
    registered = await shop.post(endpoints, {"url": url})
    assert registered.status == 201, registered.body
    return f"/partners/{name}/endpoints/{registered.body['endpoint_id']}"


async def a_delivery(shop: Shop, page: str) -> str:
    """The page of the first delivery to an endpoint that has been tried."""

    async def tried() -> Any:
        listed = await shop.get(f"{shop.url('console')}{page}?format=json")
        return [one["delivery_id"] for one in listed.body["deliveries"] if one["attempts"]]

    [delivery_id, *_] = await eventually(tried, "a delivery was tried")
    return f"{page}/deliveries/{delivery_id}"
