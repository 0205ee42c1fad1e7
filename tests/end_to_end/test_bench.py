"""The benchmark's short form: all of it works, and every order is right; no time is judged."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from local_runtime.paths import repository_root
from local_runtime.runtimes.base import Backing
from local_runtime.runtimes.external import KAFKA_VARIABLE, POSTGRES_VARIABLE

from tests.bench.plan import SHORT
from tests.bench.run import LOADS

SERVICES = {"orders", "payments", "inventory", "notifications"}
ADDRESSES = {KAFKA_VARIABLE, POSTGRES_VARIABLE}
END_TIMEOUT_S = 120
# What it measures is not judged here, and whoever is tested beside it is not to wait for it.
KIND = ("nice", "-n", "5", sys.executable, "-m")


@pytest.fixture(scope="module")
async def told(backing: Backing) -> dict[str, Any]:
    """The document of one run, with a stack of its own on the suite's servers."""
    return await short({**os.environ, **servers(backing), "PEERS": "pgbench"})


def servers(backing: Backing) -> dict[str, str]:
    return {KAFKA_VARIABLE: backing.kafka, POSTGRES_VARIABLE: backing.postgres_admin_dsn}


async def short(environment: dict[str, str], *words: str) -> dict[str, Any]:
    """The document of a short run that every order has survived."""
    process = await asyncio.create_subprocess_exec(
        *(*KIND, "tests.bench", "--short", "--json", *words),
        cwd=repository_root(),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(END_TIMEOUT_S):
            out, err = await process.communicate()
    except BaseException:
        process.terminate()
        await process.wait()
        raise
    assert out, err.decode()[-2000:]
    document: dict[str, Any] = json.loads(out)
    assert document["failures"] == []
    assert process.returncode == 0, err.decode()[-2000:]
    return document


def test_every_order_that_was_placed_is_confirmed_and_the_audit_holds(
    told: dict[str, Any],
) -> None:
    assert told["passed"], told["failures"]
    assert told["audit"]["holds"]
    assert told["audit"]["statuses"] == {"confirmed": told["audit"]["orders"]}
    assert told["audit"]["orders"] > 100


def test_orders_came_in_by_every_door_and_in_every_shape(told: dict[str, Any]) -> None:
    assert set(told["sustained"]) == {f"{intake} {shape}" for intake, shape in LOADS}
    for one in told["sustained"].values():
        assert one["trials"]
        assert one["bytes_per_order"]["postgres_wal"] > 0
    for intake in ("kafka", "http"):
        assert "64" in told["sustained"][f"{intake} standard"]["in_flight"]


def test_every_figure_of_the_interface_is_there(told: dict[str, Any]) -> None:
    assert "sustained_orders_s" in told
    assert {"p50", "p90", "p99", "max"} <= set(told["latency_ms"]["20"])
    assert {"p50", "p90", "p99", "max"} <= set(told["latency_ms_http"]["20"])
    assert {*SERVICES, "total", "generator"} <= set(told["cpu_s_per_1000"])
    assert {*SERVICES, "total"} <= set(told["idle_cpu_percent"])
    assert told["pairs"][0]["limits"]["one_transaction_c16"] > 0
    assert told["pairs"][0]["limits"]["batch_100_c4"] > 0


def test_the_document_is_kept(told: dict[str, Any]) -> None:
    kept = Path(repository_root(), ".run", "bench.json")

    assert json.loads(kept.read_text("utf-8")) == told


async def test_what_is_not_usual_is_measured_and_no_order_suffers(backing: Backing) -> None:
    """On the suite's servers, whose broker is not the benchmark's to stop."""
    told = await short({**os.environ, **servers(backing)}, "--only", "hot,large,outage,drain")

    assert told["hot"]["ratio"]["median"] > 0
    assert told["large"]["p99_ms_with"]["median"] > 0
    assert told["large"]["large_p99_ms"]["median"] > 0
    drain = told["drain"]
    assert (drain["orders"], drain["not_confirmed"]) == (SHORT.flood, 0)
    assert 0 < drain["in_system_s_max"] < drain["deadline_s"]
    assert all(drain["rss_mb"][name]["highest"] > 0 for name in SERVICES)
    assert "outage" not in told
    assert "not ours" in told["not_run"]["outage"]
    assert told["audit"]["statuses"] == {"confirmed": told["audit"]["orders"]}


async def test_systems_of_their_own_are_measured_and_each_is_audited(backing: Backing) -> None:
    told = await short({**os.environ, **servers(backing)}, "--only", "growth,instances,traced")

    few, more = (told["growth"][str(size)] for size in SHORT.stored)
    assert few["stored"] < more["stored"]
    assert min(one["cpu_s_per_1000"]["total"] for one in (few, more)) > 0
    assert set(told["by_instances"]) == {str(each) for each in SHORT.instances}
    assert told["traced"]["100 %"]["ratio"]["median"] > 0
    assert told["traced"]["100 %"]["exported_bytes"] > told["traced"]["0 %"]["exported_bytes"]
    assert told["audit"]["orders"] > more["stored"]
    assert told["audit"]["statuses"] == {"confirmed": told["audit"]["orders"]}


async def test_an_outage_of_the_broker_is_measured_and_no_order_suffers() -> None:
    """On a broker of its own, which dies."""
    own = {one: value for one, value in os.environ.items() if one not in ADDRESSES}
    told = await short(own, "--only", "outage", "--intake", "kafka")

    one = told["outage"]["kafka"]
    assert one["not_confirmed"] == 0
    assert one["away_s"] >= SHORT.away_s
    assert one["p99_before_ms"] > 0
    assert max(window.get("p99", 0) for window in one["windows"]) > SHORT.away_s * 1000
    assert told["audit"]["statuses"] == {"confirmed": told["audit"]["orders"]}


async def run(module: str, *words: str, **variables: str) -> dict[str, Any]:
    """The one document that it prints."""
    process = await asyncio.create_subprocess_exec(
        *(*KIND, module, *words),
        cwd=repository_root(),
        env={**os.environ, **variables},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(END_TIMEOUT_S):
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()[-2000:]
    document: dict[str, Any] = json.loads(out)
    return document


async def test_what_webhooks_cost_is_measured() -> None:
    """To few endpoints and for a moment: that it works, and that each got what it should."""
    few = ("--endpoints", "20", "--orders", "2", "--rate", "40", "--seconds", "1")
    told = await run("tests.bench.webhooks", *few)

    right = {"wrong": 0, "unordered": 0, "doubled": 0, "changed": 0}
    runs = [told["well"], told["a fifth bad"], told["all_at_once"]]
    assert [one["verdict"] for one in runs] == [right] * 3
    assert all(one["deliveries"] > 0 for one in runs)
    memory = told["all_at_once"]["rss_mb"]
    assert memory["peak"] >= memory["before"] > 0
    assert memory["peak"] >= memory["settled"] > 0


async def test_what_the_console_costs_is_measured() -> None:
    """With few orders and for a moment: only that it works."""
    told = await run("tests.bench.console", "--orders", "300", "--rate", "20", "--seconds", "1")

    assert told["orders"] == 300
    assert all(one["max"] > 0 for one in told["pages_ms"].values())
    assert told["projecting"]["cores"] > 0


async def test_what_the_console_costs_beside_the_system_is_measured(backing: Backing) -> None:
    """For a moment: that it reads every order, and that all who follow it are told of them."""
    servers = {KAFKA_VARIABLE: backing.kafka, POSTGRES_VARIABLE: backing.postgres_admin_dsn}
    told = await run("tests.bench", "--short", "--only", "console", "--json", **servers)

    assert told["failures"] == []
    turns = told["console"]["turns"]
    assert [one["followed"] for one in turns] == ["nothing", "now", "orders"]
    assert all(one["console_cores"] > 0 for one in turns)
    assert all(one["told_min"] > 0 for one in turns[1:])
    assert told["console"]["spans_kept"] > 0
