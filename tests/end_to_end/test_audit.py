"""The audit finds each damage within a minute, names it, and cries for nothing else."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from local_runtime.cli import build
from local_runtime.runtimes.base import Backing
from typer.testing import CliRunner

from tests.conftest import a_shop
from tests.support.builders import a_line
from tests.support.damages import DAMAGES, Damage
from tests.support.judges import metric
from tests.support.shop import Shop
from tests.support.waiting import eventually, ticks

# The provider is silent and deadlines are looked for rarely: nobody mends what is planted.
ENVIRONMENT = {
    "ORDERS_INVARIANTS_INTERVAL_S": "1",
    "PAYMENTS_INVARIANTS_INTERVAL_S": "1",
    "INVENTORY_INVARIANTS_INTERVAL_S": "1",
    "NOTIFICATIONS_INVARIANTS_INTERVAL_S": "1",
    "ORDERS_DEADLINE_INTERVAL_S": "60",
    "PROVIDER_WEBHOOK_URL": "",
}
TOKENS = ("tok_ok", "tok_ok", "tok_declined", "tok_slow", "tok_error_then_ok", "tok_wrong_amount")
FOUND_WITHIN_S = 60


@pytest.fixture(scope="module")
async def audited(backing: Backing, run_dir: Path) -> AsyncIterator[Shop]:
    async with a_shop(backing, run_dir, "audited", None, **ENVIRONMENT) as running:
        yield running


async def audit(shop: Shop, grace_s: float = 20) -> dict[str, Any]:
    """What ``orderproof audit --json`` says of the stack; its exit code says the same."""
    arguments = ["audit", "--json", "--grace-s", str(grace_s)]
    place = ["--run-dir", str(shop.system.run_dir.root)]
    prefix = ["--prefix", shop.system.config.topic_prefix]
    run = partial(CliRunner().invoke, build(), [*arguments, *place, *prefix])
    result = await asyncio.to_thread(run)
    told: dict[str, Any] = json.loads(result.stdout)
    assert result.exit_code == (0 if told["holds"] else 1), result.stdout
    return told


def broken(told: dict[str, Any]) -> dict[str, Any]:
    """Every promise and comparison that does not hold or was not checked, and what it names."""
    promises = [one for answer in told["services"].values() for one in answer["invariants"]]
    return {
        one["name"]: one["broken"] or one["unchecked"]
        for one in [*promises, *told["comparisons"]]
        if one["broken"] or one["unchecked"]
    }


async def test_it_finds_nothing_wrong_while_orders_flow(audited: Shop) -> None:
    sku = await audited.new_sku(10_000)
    placed: list[str] = []

    async def load() -> None:
        async for number in ticks(per_s=20, count=160):
            placed.append(await audited.place(a_line(sku), token=TOKENS[number % len(TOKENS)]))
            if number % 8 == 0:
                await audited.cancel(placed[-1])

    loading, audits = asyncio.create_task(load()), []
    while not loading.done():
        audits.append(await audit(audited))
    await loading
    audits.append(await audit(audited))

    assert [broken(told) for told in audits] == [{}] * len(audits)
    assert {one["name"] for one in audits[-1]["comparisons"]} == {
        "money-follows-orders",
        "holds-follow-orders",
        "book-is-ledger",
        "events-are-in-kafka",
    }
    assert all(one["compared"] >= 100 for one in audits[-1]["comparisons"]), "the witness"
    assert len(audits) > 2, "the witness: it ran under load"


@pytest.mark.parametrize("damage", DAMAGES, ids=[one.name.replace(" ", "-") for one in DAMAGES])
async def test_it_finds_what_was_damaged(audited: Shop, damage: Damage) -> None:
    order_id = await audited.place(a_line(await audited.new_sku(5)))
    assert (await audited.outcome(order_id))["status"] == "confirmed"
    await audited.drained()

    async with damage.plant(audited, order_id):
        started = time.monotonic()
        found = broken(await audit(audited, grace_s=2))
        assert time.monotonic() - started < FOUND_WITHIN_S
        assert damage.audit <= found.keys(), found
        assert all(found[name] for name in damage.audit), "it names what it is about"
        if damage.metric is not None:
            await eventually(lambda: violated(audited, damage), "the gauge shows it", 60)

    async def holds() -> bool:
        return broken(await audit(audited, grace_s=0)) == {}

    await eventually(holds, "it holds again once that is undone", 60)
    if damage.metric is not None:
        await eventually(lambda: kept(audited, damage), "the gauge shows that too", 60)


async def violated(shop: Shop, damage: Damage) -> bool:
    assert damage.metric is not None
    service, promise = damage.metric
    name = "orderproof_invariant_violations"
    return await metric(shop, f"{service}-0", name, invariant=promise) > 0


async def kept(shop: Shop, damage: Damage) -> bool:
    return not await violated(shop, damage)
