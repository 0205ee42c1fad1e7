"""Real invoices as orders, over HTTP and Kafka, with a service killed half-way, and again."""

import asyncio
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.support.corpora import corpus
from tests.support.deaths import Death
from tests.support.shop import Shop

ORDERS = {"http": 60, "kafka": 30}
FROM_LINE = {"http": 1, "kafka": 6_000}
# A service dies after it has committed and before anybody is told.
DEATHS = {
    "http": [("orders-0", "api.after_commit"), ("inventory-0", "api.after_commit")],
    "kafka": [("orders-0", "consumer.after_commit"), ("payments-0", "consumer.in_transaction")],
}


@pytest.mark.parametrize("via", ["http", "kafka"])
async def test_each_invoice_is_one_order_of_its_total_whoever_dies_and_however_often(
    shop: Shop, via: str, tmp_path: Path
) -> None:
    """The witnesses: both services have died under it, and the second run changes nothing."""
    file = _invoices_from(FROM_LINE[via], tmp_path)
    await shop.system.wait_ready()
    deaths = [Death.ordered(shop, *one) for one in DEATHS[via]]

    code, told = await _replay(shop, via, file)

    for death in deaths:
        await death.happened()
    assert (code, told["problems"]) == (0, {})
    assert (told["orders"], told["outcomes"]) == (ORDERS[via], {"confirmed": ORDERS[via]})
    assert told["money"]["captured_minor"] == told["total_minor"]
    await _agrees_with_the_outside(shop, told)

    book = await shop.book()
    code, again = await _replay(shop, via, file)

    assert code == 0
    assert _timeless(again) == _timeless(told)
    assert await shop.book() == book


def _invoices_from(line: int, folder: Path) -> Path:
    """A file of its own: the invoices after the one that ``line`` is in."""
    header, *rows = corpus("online_retail.csv").read_text("utf-8").splitlines(keepends=True)
    split = rows[line - 1].partition(",")[0]
    first = next(n for n, row in enumerate(rows) if n >= line and not row.startswith(split + ","))
    file = folder / "invoices.csv"
    file.write_text("".join([header, *rows[first:]]), "utf-8")
    return file


async def _replay(shop: Shop, via: str, file: Path) -> tuple[int, dict[str, Any]]:
    """``orderproof replay``'s exit code and document."""
    arguments = ["--via", via, "--limit", str(ORDERS[via]), "--json"]
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("orderproof"),
        "replay",
        str(file),
        *arguments,
        *("--prefix", shop.system.config.topic_prefix),
        *("--run-dir", str(shop.system.run_dir.root)),
        stdout=asyncio.subprocess.PIPE,
    )
    stdout, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, json.loads(stdout)


async def _agrees_with_the_outside(shop: Shop, told: dict[str, Any]) -> None:
    """The shop's own answers and the provider's book, order by order, say what was told."""
    orders = [json.loads(line) for line in _lines(told) if '"kind": "order"' in line]
    money = await shop.money()
    captures = Counter(one["order_id"] for one in await shop.book() if one["op"] == "capture")
    units: Counter[str] = Counter()
    for one in orders:
        order = await shop.order(one["order_id"])
        assert order["total_minor"] == money[one["order_id"]] == one["total_minor"]
        assert (order["client_reference"], captures[one["order_id"]]) == (
            one["client_reference"],
            1,
        )
        for line in order["lines"]:
            units[line["sku"]] += line["quantity"]
    assert units.total() == told["units"]
    for sku, sold in units.items():
        stock = await shop.stock(sku)
        assert stock["on_hand"] == stock["reserved"] >= sold


def _lines(told: dict[str, Any]) -> list[str]:
    return Path(told["report"]).read_text("utf-8").splitlines()


def _timeless(told: dict[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in told.items() if name not in ("seconds", "orders_per_s")}
