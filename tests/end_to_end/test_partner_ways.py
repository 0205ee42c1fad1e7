"""The samples that partners copy, run against the real sender: the same events by each way."""

import asyncio
import json
import os
import sys
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from shared.contracts import topics

from tests.support.builders import a_line
from tests.support.kafka_log import headers_of
from tests.support.shop import Answer, Shop
from tests.support.waiting import eventually
from tests.unit.partners.node import node

SAMPLES = Path(__file__).parents[2] / "docs" / "partners"
RUN_TIMEOUT_S = 30
PYTHON = [sys.executable, str(SAMPLES / "receive_webhooks.py")]
OPENED, PROCESSING, DISPATCHED, IN_TRANSIT, DELIVERED = (
    "fulfilment.fulfilment-order-opened.v1",
    "fulfilment.fulfilment-order-processing-started.v1",
    "fulfilment.shipment-dispatched.v1",
    "fulfilment.shipment-in-transit.v1",
    "fulfilment.shipment-delivered.v1",
)
LIFE = [OPENED, PROCESSING, DISPATCHED, IN_TRANSIT, DELIVERED]


async def a_partner(shop: Shop, **more: Any) -> dict[str, str]:
    """The header with a new partner's key."""
    body = {"name": f"p-{uuid4().hex[:12]}", **more}
    answer = await shop.post(f"{shop.url('notifications')}/ops/partners", body)
    assert answer.status == 201, answer.body
    return {"Authorization": f"Bearer {answer.body['key']}"}


async def register(shop: Shop, key: dict[str, str], **body: Any) -> Answer:
    url = f"{shop.url('notifications')}/v1/webhook-endpoints"
    answer = await shop.post(url, body, **key)
    assert answer.status == 201, answer.body
    return answer


async def a_whole_life(shop: Shop) -> str:
    """An order from placed to delivered, with what packers and carriers tell between."""
    order_id = await shop.place(a_line(await shop.new_sku(1)))
    order = await shop.fulfilment_order(order_id)
    place = f"{shop.url('inventory')}/v1/fulfilment-orders/{order['fulfilment_order_id']}"
    assert (await shop.post(f"{place}/processing", {})).status == 200
    shipment_id = await shop.dispatch(order_id)
    news = f"{shop.url('inventory')}/v1/shipments/{shipment_id}/events"
    assert (await shop.post(news, {"status": "in_transit"})).status == 200
    assert (await shop.deliver(shipment_id)).status == 200
    return order_id


@asynccontextmanager
async def receiving(command: list[str], secret: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A sample receiver on a port of its own; it ends by itself or is ended."""
    process = await asyncio.create_subprocess_exec(
        *command,
        "--port",
        "0",
        "--count",
        str(len(LIFE)),
        env={**os.environ, "WEBHOOK_SECRET": secret},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def address_of(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    async with asyncio.timeout(RUN_TIMEOUT_S):
        line = (await process.stderr.readline()).decode()
    assert line.startswith("listening on "), line
    return line.removeprefix("listening on ").strip()


async def told_by(process: asyncio.subprocess.Process) -> list[tuple[str, int, str]]:
    async with asyncio.timeout(RUN_TIMEOUT_S):
        out, _ = await process.communicate()
    assert process.returncode == 0
    return [_line(one) for one in out.decode().splitlines()]


def _line(text: str) -> tuple[str, int, str]:
    order_id, sequence, event_type, _ = text.split(" ", 3)
    return order_id, int(sequence.removeprefix("#")), event_type


@pytest.mark.parametrize("language", ["python", "node"])
async def test_a_sample_receiver_verifies_every_event_of_an_order_in_its_order(
    shop: Shop, language: str
) -> None:
    sample = PYTHON if language == "python" else [node(), str(SAMPLES / "receive-webhooks.mjs")]
    secret = "whsec_" + b64encode(os.urandom(32)).decode()
    key = await a_partner(shop)
    async with receiving(sample, secret) as process:
        await register(shop, key, url=await address_of(process) + "/", secret=secret)
        order_id = await a_whole_life(shop)
        told = await told_by(process)

    assert told == [(order_id, n, one) for n, one in enumerate(LIFE, 1)]


async def test_the_same_events_come_by_pull_and_are_those_of_kafka(shop: Shop) -> None:
    key = await a_partner(shop)
    order_id = await a_whole_life(shop)
    await shop.drained()
    records = [
        one for one in await shop.log.read(topics.FULFILMENT) if one.key == order_id.encode()
    ]
    kafka = {headers_of(one)["ce_id"]: json.loads(one.value) for one in records}

    url = f"{shop.url('notifications')}/v1/fulfilment-events?limit=500"
    pulled: list[dict[str, Any]] = []
    cursor = ""
    while len(pulled) < len(LIFE):
        answer = await shop.get(f"{url}&wait_s=10{cursor}", **key)
        assert answer.status == 200, answer.body
        assert answer.body["events"], "nothing came"
        pulled += [one for one in answer.body["events"] if one["order_id"] == order_id]
        cursor = f"&after={answer.body['next_cursor']}"

    assert [(one["sequence"], one["type"]) for one in pulled] == list(enumerate(LIFE, 1))
    assert {one["id"]: one["data"] for one in pulled} == kafka


async def test_the_sample_reader_goes_on_where_it_ended(shop: Shop, tmp_path: Path) -> None:
    key = await a_partner(shop)
    first = await a_whole_life(shop)
    await _pull_all_of(first, shop, key, tmp_path)
    second = await a_whole_life(shop)

    again = await _pull_all_of(second, shop, key, tmp_path)

    assert [one for one in again if one[0] == second] == [
        (second, n, one) for n, one in enumerate(LIFE, 1)
    ]
    assert first not in {order for order, _, _ in again}


async def _pull_all_of(
    order_id: str, shop: Shop, key: dict[str, str], folder: Path
) -> list[tuple[str, int, str]]:
    """Until the whole life of the order has come: the log gets it once it is in Kafka."""
    told: list[tuple[str, int, str]] = []

    async def whole() -> bool:
        told.extend(await _pull(shop, key, folder))
        return sum(one[0] == order_id for one in told) >= len(LIFE)

    await eventually(whole, f"the events of {order_id}")
    return told


async def _pull(shop: Shop, key: dict[str, str], folder: Path) -> list[tuple[str, int, str]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(SAMPLES / "pull_events.py"),
        "--url",
        shop.url("notifications"),
        "--cursor-file",
        str(folder / "cursor"),
        "--once",
        env={**os.environ, "PARTNER_KEY": key["Authorization"].removeprefix("Bearer ")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(RUN_TIMEOUT_S):
        out, errors = await process.communicate()
    assert (process.returncode, errors.decode()) == (0, "")
    return [_line(one) for one in out.decode().splitlines()]
