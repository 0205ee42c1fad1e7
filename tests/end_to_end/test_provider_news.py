"""What the provider tells by itself, and what its own list shows, settles orders on real parts."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from local_runtime.runtimes.base import Backing

from tests.conftest import a_shop
from tests.support.builders import a_line
from tests.support.shop import Shop
from tests.support.waiting import eventually

TOTAL = 250
# Whoever asks by itself asks after a minute; only an event can be quicker.
FAR_S = 60
SOON_S = 20


@pytest.fixture(scope="module")
async def told(backing: Backing, run_dir: Path) -> AsyncIterator[Shop]:
    """A stack that never asks in time, and compares lists every second."""
    async with a_shop(
        backing,
        run_dir,
        "told",
        ORDERS_DEADLINE_S=str(2 * FAR_S),
        PAYMENTS_INQUIRY_DELAY_S=str(FAR_S),
        PAYMENTS_SWEEP_INTERVAL_S=str(FAR_S),
        PAYMENTS_RECONCILE_INTERVAL_S="1",
    ) as running:
        yield running


async def provider_has(shop: Shop, **faults: float) -> None:
    answer = await shop.post(shop.system.addresses.provider + "/faults", faults)
    assert answer.status == 200, answer.body


async def events_counted(shop: Shop, outcome: str) -> float:
    metrics = (await shop.get(shop.url("payments") + "/metrics")).raw.decode()
    wanted = f'orderproof_provider_events_total{{outcome="{outcome}",provider="provider"}} '
    return sum(float(one.split()[-1]) for one in metrics.splitlines() if one.startswith(wanted))


async def promises(shop: Shop) -> list[dict[str, Any]]:
    return list((await shop.get(shop.url("payments") + "/ops/invariants")).body["invariants"])


async def test_events_twice_late_and_out_of_order_settle_what_nobody_asks_about(
    told: Shop,
) -> None:
    await provider_has(told, webhook_duplicate_percent=100, webhook_delay_s=2)
    sku = await told.new_sku(50)
    tokens = ["tok_timeout_done", "tok_garbage", "tok_ok"] * 3
    kept = [await told.place(a_line(sku), token=token) for token in tokens]
    left = [await told.place(a_line(sku), token="tok_timeout_done") for _ in range(3)]
    # Only what was charged can be given back: cancelled before, the orders would be voided.
    await asyncio.gather(*(told.settled(one, TOTAL) for one in left))
    answers = await asyncio.gather(*(told.cancel(one) for one in left))
    assert {one.status for one in answers} == {202}

    found = await asyncio.gather(*(told.outcome(one, SOON_S) for one in kept))
    assert {one["status"] for one in found} == {"confirmed"}
    for order_id in left:
        await eventually(partial(_gave_back, told, order_id), "given back", SOON_S)

    assert await told.books_agree([*kept, *left]) == {"confirmed": 9, "cancelled": 3}
    assert await events_counted(told, "asked") >= 9, "the witness: they were asked because told"
    assert await events_counted(told, "repeated") > 0, "the witness: copies came"
    await provider_has(told)


async def _gave_back(shop: Shop, order_id: str) -> bool:
    (payment,) = await shop.payments(order_id)
    return bool(payment["status"] == "refunded")


async def test_a_charge_behind_our_back_goes_back_and_the_order_keeps_its_own(told: Shop) -> None:
    sku = await told.new_sku(5)
    order_id = await told.place(a_line(sku))
    await told.outcome(order_id)
    charge = {
        "order_id": order_id,
        "amount_minor": 99,
        "currency": "GBP",
        "token": "tok_ok",
        "capture": True,
    }
    behind = await told.post(told.system.addresses.provider + "/v1/charges", charge)
    assert behind.status == 201
    await told.settled(order_id, TOTAL + 99)

    await told.settled(order_id, TOTAL)

    assert [one["op"] for one in await told.book(order_id)] == ["capture", "capture", "refund"]
    assert await events_counted(told, "unaccounted") >= 1
    assert (await told.order(order_id))["status"] == "confirmed"
    await told.drained()
    assert [one for one in await promises(told) if one["broken"]] == []


async def test_a_difference_that_no_rule_settles_is_shown_to_people(told: Shop) -> None:
    charge = {
        "order_id": "ord_of_nobody",
        "amount_minor": 99,
        "currency": "GBP",
        "token": "tok_ok",
        "capture": True,
    }
    assert (await told.post(told.system.addresses.provider + "/v1/charges", charge)).status == 201

    async def shown() -> bool:
        broken = {one["name"] for one in await promises(told) if one["broken"]}
        return broken == {"provider-list-is-booked"}

    await eventually(shown, "the difference at /ops/invariants", SOON_S)
