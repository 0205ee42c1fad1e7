"""Servers that go away: the broker for a minute, PostgreSQL by SIGKILL; all drains after."""

import asyncio
import time
from collections import Counter
from typing import Any

import aiohttp
import pytest
from local_runtime.runtimes.base import Runtime
from local_runtime.runtimes.embedded import EmbeddedRuntime
from shared.contracts import topics

from tests.support.builders import a_line, an_order
from tests.support.kafka_log import sequence_errors
from tests.support.shop import Shop
from tests.support.waiting import eventually, pause

BROKER_DOWN_S = 60
RECOVERED_WITHIN_S = 60


@pytest.fixture
def servers(runtime: Runtime) -> EmbeddedRuntime:
    if not isinstance(runtime, EmbeddedRuntime):
        pytest.skip("only servers that this run started may be killed")
    return runtime


async def try_to_place(shop: Shop, sku: str) -> tuple[int, dict[str, str]]:
    """Place an order; gives the status (0 when nobody answered) and the headers."""
    body = an_order(a_line(sku))
    try:
        answer = await shop.post(shop.url("orders") + "/v1/orders", body)
    except (aiohttp.ClientError, TimeoutError):
        return 0, {}
    if answer.status == 201:
        shop.acknowledged.append(answer.body["order_id"])
    return answer.status, answer.headers


async def test_the_api_accepts_orders_while_the_broker_is_down_and_all_drains(
    shop: Shop, servers: EmbeddedRuntime
) -> None:
    sku = await shop.new_sku(200)
    first = len(shop.acknowledged)
    await servers.kafka.kill()
    assert servers.kafka.pid is None, "the witness: the broker is gone"
    end_at = time.monotonic() + BROKER_DOWN_S
    statuses: Counter[int] = Counter()
    while time.monotonic() < end_at:
        statuses[(await try_to_place(shop, sku))[0]] += 1
        await pause(1)
    waiting = (await shop.get(shop.url("orders") + "/ops/outbox")).body["rows"]
    assert waiting >= statuses[201], "what was accepted waits in the outbox"

    await servers.kafka.start()

    assert set(statuses) == {201}
    await _settled(shop, shop.acknowledged[first:])
    after = await shop.place(a_line(sku))
    assert (await shop.outcome(after))["status"] == "confirmed"


async def test_postgres_killed_under_load_loses_nothing_and_the_api_says_503(
    shop: Shop, servers: EmbeddedRuntime
) -> None:
    sku = await shop.new_sku(500)
    first = len(shop.acknowledged)
    answers: list[tuple[int, dict[str, str]]] = []

    async def load() -> None:
        while True:
            answers.append(await try_to_place(shop, sku))
            await pause(0.02)

    loading = asyncio.create_task(load())
    try:
        await eventually(lambda: _count(answers, 201, 20), "orders in flight")
        await servers.postgres.kill()
        await eventually(lambda: _count(answers, 503, 5), "the API refuses")
        await servers.postgres.start()
        accepted = sum(status == 201 for status, _ in answers)
        await eventually(lambda: _count(answers, 201, accepted + 20), "orders again")
    finally:
        loading.cancel()
        await asyncio.gather(loading, return_exceptions=True)

    refusals = [headers for status, headers in answers if status == 503]
    assert all("Retry-After" in headers for headers in refusals)
    assert {status for status, _ in answers} <= {0, 201, 503}
    await _settled(shop, shop.acknowledged[first:])


async def _count(answers: list[tuple[int, Any]], status: int, at_least: int) -> bool:
    return sum(one == status for one, _ in answers) >= at_least


async def _settled(shop: Shop, order_ids: list[str]) -> None:
    """Every order is decided, its money right, and told in sequence."""

    async def decided() -> bool:
        found = await asyncio.gather(*(shop.order(one) for one in order_ids))
        return all(one["status"] != "pending" for one in found)

    await eventually(decided, "every order decided", RECOVERED_WITHIN_S)
    await shop.drained(RECOVERED_WITHIN_S)

    async def agreed() -> bool:
        try:
            await shop.books_agree(order_ids)
        except AssertionError:
            return False
        return True

    await eventually(agreed, "the provider's book agrees", RECOVERED_WITHIN_S)
    records = await shop.log.read(
        topics.ORDERS, topics.PAYMENTS, topics.INVENTORY, topics.FULFILMENT
    )
    ours = {one.encode() for one in order_ids}
    assert sequence_errors([one for one in records if one.key in ours]) == []
