"""Runbooks for webhooks: late because of us, and an endpoint that is gone."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.support.alarms import Alarms
from tests.support.builders import a_line
from tests.support.receivers import Receivers, receivers
from tests.support.runbooks import Runbook, on_database
from tests.support.sabotage import a_full_disk
from tests.support.shop import Shop
from tests.support.waiting import eventually


@pytest.fixture
async def receiver() -> AsyncIterator[Receivers]:
    async with receivers() as running:
        yield running


async def _a_partner(shop: Shop, url: str) -> tuple[str, dict[str, str], str]:
    """Its name, the header with its key, and its endpoint's id."""
    name = f"p-{uuid4().hex[:12]}"
    base = shop.url("notifications")
    added = await shop.post(f"{base}/ops/partners", {"name": name})
    assert added.status == 201, added.body
    key = {"Authorization": f"Bearer {added.body['key']}"}
    endpoint = await shop.post(f"{base}/v1/webhook-endpoints", {"url": url}, **key)
    assert endpoint.status == 201, endpoint.body
    return name, key, endpoint.body["endpoint_id"]


async def _an_order(shop: Shop) -> str:
    order_id = await shop.place(a_line(await shop.new_sku(1)))
    assert (await shop.outcome(order_id))["status"] == "confirmed"
    return order_id


async def test_webhooks_that_cannot_be_recorded(
    operated: Shop, page: Runbook, alarms: Alarms, receiver: Receivers
) -> None:
    name, _, _ = await _a_partner(operated, receiver.url("ok", "late"))
    got = receiver.by_name["late"]
    async with a_full_disk(operated, "notifications", "INSERT ON webhook_attempts FOR EACH ROW"):
        await _an_order(operated)
        age = "UPDATE webhook_deliveries SET not_before = not_before - interval '2 minutes'"
        await _eventually(lambda: bool(got), "a webhook that was sent")
        await on_database(operated, "notifications", f"{age} WHERE state = 'pending'")
        await alarms.fires("WebhooksLate")

        assert "enabled" in await page.run("orderproof partners show NAME", {"NAME": name})
        assert (await page.ask("GET /health/live", "notifications")).status == 200
        await page.logged("notifications-0", "webhook-not-recorded")

    await alarms.heals("WebhooksLate")
    await _eventually(lambda: len(got) > 1, "it is sent again")
    assert len({one.id for one in got}) == 1


async def test_an_endpoint_that_is_gone_for_a_while(
    operated: Shop, page: Runbook, alarms: Alarms, receiver: Receivers
) -> None:
    """What was sent when it was gone, and what came after that, it gets once it is back."""
    name, key, endpoint_id = await _a_partner(operated, receiver.url("gone", "away"))
    where = {"NAME": name, "ENDPOINT_ID": endpoint_id}
    missed = [await _an_order(operated)]
    await alarms.fires("WebhookEndpointDisabled")
    missed.append(await _an_order(operated))
    await operated.drained()

    assert "gone" in await page.run("orderproof partners show NAME", {"NAME": name})
    failed = await page.run("orderproof partners deliveries NAME ENDPOINT_ID --state failed", where)
    assert missed[0] in failed
    url = f"{operated.url('notifications')}/v1/webhook-endpoints/{endpoint_id}"
    since = await _disabled(operated, url, key) - timedelta(minutes=1)
    receiver.behave("away", lambda _: "ok")
    await page.run("orderproof partners endpoints enable NAME ENDPOINT_ID", where)
    await page.run("orderproof partners replay NAME ENDPOINT_ID --failed", where)
    await page.run(
        "orderproof partners replay NAME ENDPOINT_ID --since TIME",
        {**where, "TIME": since.isoformat()},
    )

    await _eventually(lambda: _orders(receiver) >= set(missed), "both orders' events")
    await alarms.heals("WebhookEndpointDisabled")
    await page.run("orderproof partners endpoints remove NAME ENDPOINT_ID", where)


async def _disabled(shop: Shop, url: str, key: dict[str, str]) -> datetime:
    """When the endpoint was, as ``partners show`` tells it, too."""
    answer = await shop.get(url, **key)
    return datetime.fromisoformat(answer.body["disabled_at"])


def _orders(receiver: Receivers) -> set[str]:
    return {one.event["data"]["order_id"] for one in receiver.taken["away"]}


async def _eventually(holds: Any, what: str) -> None:
    async def look() -> bool:
        return bool(holds())

    await eventually(look, what)
