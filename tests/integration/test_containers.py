"""The images and the compose file for real; runs wherever an engine with the images answers."""

import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import aiohttp
import asyncpg
import pytest
from local_runtime.config import WITH_CONSOLE
from local_runtime.paths import topics_file
from local_runtime.ports import PortBook
from local_runtime.runtimes.containers import ContainersRuntime, Images
from local_runtime.supervisor import Supervisor
from local_runtime.topics import apply_topics, read_topics

from tests.conftest import KEPT_LOGS
from tests.support import engine
from tests.support.builders import a_line
from tests.support.compose import OURS, SECOND, SIMULATORS, ComposeSystem
from tests.support.kafka_log import KafkaLog
from tests.support.shop import TIMEOUT, Shop
from tests.support.waiting import eventually

UP, FIRST_ORDER, SECOND_UP, STOP, DOWN = range(5)
ADDED_BYTES_MAX = 200 * 1000**2
START_S_MAX = 5.0

pytestmark = pytest.mark.timeout(300)

if REASON := engine.unavailable():
    # As a whole, which is told in one line.
    pytest.skip(f"container tests NOT RUN: {REASON}", allow_module_level=True)


@dataclass
class Running:
    """The system and a shop in it."""

    system: ComposeSystem
    shop: Shop


@pytest.fixture(scope="module")
async def running(request: pytest.FixtureRequest) -> AsyncIterator[Running]:
    """The whole system by the documented commands; afterwards nothing of it is left.

    The logs of a failed run are kept in .run/test-logs.
    """
    system = ComposeSystem()
    failed_before = request.session.testsfailed
    try:
        await system.up(UP)
        async with aiohttp.ClientSession(timeout=TIMEOUT) as http:
            # A shop needs of its system only the addresses.
            supervisor = cast(Supervisor, system)
            log = KafkaLog(system.addresses.kafka, "")
            yield Running(system, Shop(supervisor, http, log, Path()))
    finally:
        if request.session.testsfailed > failed_before or sys.exc_info()[0] is not None:
            system.keep_logs(KEPT_LOGS / system.project)
        await system.run(DOWN)
        engine.docker("image", "rm", *system.images())
    assert system.leftovers() == []


async def test_the_documented_first_order_is_confirmed(running: Running) -> None:
    said = await running.system.run(FIRST_ORDER)

    assert '"status":"confirmed"' in said.replace(" ", "")


async def test_an_order_is_paid_shipped_told_and_refunded(running: Running) -> None:
    shop = running.shop
    order_id = await shop.place(a_line(await shop.new_sku(10), 4, 250))

    assert (await shop.outcome(order_id))["status"] == "confirmed"
    await shop.settled(order_id, 1000)
    await shop.dispatch(order_id)
    await shop.reaches(order_id, "shipped")
    await refund(shop, order_id, 1000)
    await shop.settled(order_id, 0)
    await shop.mailed(order_id, 3)


async def refund(shop: Shop, order_id: str, amount_minor: int) -> None:
    payment = (await shop.payments(order_id))[0]
    answer = await shop.post(
        f"{shop.url('payments')}/v1/payments/{payment['payment_id']}/refunds",
        {"amount_minor": amount_minor, "reason": "damaged"},
    )
    assert answer.status in (201, 202), answer.body


async def test_topics_are_as_the_file_says_and_reached_from_this_machine(running: Running) -> None:
    wanted = read_topics(topics_file(), "local")

    applied = await apply_topics(running.system.addresses.kafka, wanted)

    assert (applied.created, applied.differences) == ((), ())


@pytest.mark.parametrize("name", [*WITH_CONSOLE, "simulators"])
def test_an_image_adds_less_than_200_mb_to_its_base(running: Running, name: str) -> None:
    image = engine.inspect("image", f"orderproof-{name}:{running.system.project}")
    base = engine.inspect("image", engine.base_image())

    assert image["RootFS"]["Layers"][: len(base["RootFS"]["Layers"])] == base["RootFS"]["Layers"]
    assert image["Size"] - base["Size"] < ADDED_BYTES_MAX


def test_nothing_runs_as_root(running: Running) -> None:
    containers = running.system.containers()

    assert {"postgres", "databases", "kafka", "topics", *OURS} <= set(containers)
    for name, container in containers.items():
        assert container["Config"]["User"] not in ("", "root", "0"), name
        if container["State"]["Running"]:
            rows = engine.docker("top", container["Id"], "-eo", "uid,pid,args").splitlines()[1:]
            assert rows
            assert [row for row in rows if row.split()[0] == "0"] == [], name


def test_a_container_may_do_nothing_that_it_need_not(running: Running) -> None:
    for name, container in running.system.containers().items():
        host = container["HostConfig"]
        assert host["CapDrop"] == ["ALL"], name
        assert "no-new-privileges:true" in host["SecurityOpt"], name
        assert host["Memory"] > 0, name
        assert host["PidsLimit"] > 0, name
        # Kafka's own image writes its settings at each start.
        assert host["ReadonlyRootfs"] or name == "kafka", name


def test_ports_are_published_on_loopback_only(running: Running) -> None:
    for name, container in running.system.containers().items():
        published = container["HostConfig"]["PortBindings"] or {}
        addresses = {one["HostIp"] for each in published.values() for one in each}
        assert addresses <= {"127.0.0.1"}, name


def test_no_volume_is_anonymous(running: Running) -> None:
    """One without a name is lost with its container and stays on the disk."""
    for name, container in running.system.containers().items():
        volumes = [one["Name"] for one in container["Mounts"] if one["Type"] == "volume"]
        assert all(one.startswith(running.system.project) for one in volumes), name


async def test_every_container_says_that_it_is_healthy(running: Running) -> None:
    async def look() -> bool:
        found = running.system.containers()
        states = {name: found[name]["State"]["Health"]["Status"] for name in OURS}
        return set(states.values()) == {"healthy"}

    await eventually(look, "every container healthy")


async def test_down_and_up_again_keeps_every_order(running: Running) -> None:
    shop = running.shop
    order_id = await shop.place(a_line(await shop.new_sku(10), 1, 700))
    before = await opened(shop, order_id)
    book = await shop.book()

    await running.system.run(STOP)
    assert running.system.containers() == {}
    await running.system.up(UP)

    assert await shop.order(order_id) == before
    assert await shop.book() == book
    await shop.dispatch(order_id)
    await shop.reaches(order_id, "shipped")


async def test_the_console_sees_the_other_containers(running: Running) -> None:
    shop = running.shop
    order_id = await shop.place(a_line(await shop.new_sku(1), 1))
    await shop.outcome(order_id)

    async def look() -> bool:
        page = await shop.get(f"{shop.url('console')}/orders/{order_id}?format=json")
        return page.status == 200 and page.body["status"] == "confirmed" and page.body["records"]

    await eventually(look, "the order is on its page")


async def opened(shop: Shop, order_id: str) -> dict[str, Any]:
    """The order once nothing more happens to it by itself."""

    async def look() -> dict[str, Any] | None:
        found = await shop.order(order_id)
        return found if found["fulfilment"]["status"] == "open" else None

    return await eventually(look, f"{order_id} open") or {}


@pytest.mark.parametrize("service", WITH_CONSOLE)
async def test_a_service_is_ready_within_five_seconds(running: Running, service: str) -> None:
    assert await running.system.restart(service) <= START_S_MAX


async def test_a_second_instance_of_every_service_joins_in(running: Running) -> None:
    shop = running.shop
    await running.system.run(SECOND_UP)

    for name in SECOND:
        await running.system.ready_at(name)
    order_id = await shop.place(a_line(await shop.new_sku(10)), instance=1)

    assert (await shop.outcome(order_id))["status"] == "confirmed"


async def test_every_promise_holds_and_every_service_ends_in_order(running: Running) -> None:
    shop = running.shop
    for service in WITH_CONSOLE:
        answer = (await shop.get(f"{shop.url(service)}/ops/invariants")).body
        assert answer["holds"], answer

    ours = {name: one["Id"] for name, one in running.system.containers().items()}
    for name in (*WITH_CONSOLE, *SECOND, *SIMULATORS):
        engine.docker("stop", ours[name])
    stopped = running.system.containers()

    assert {name: stopped[name]["State"]["ExitCode"] for name in OURS} == dict.fromkeys(OURS, 0)


async def test_the_containers_runtime_serves_and_leaves_nothing() -> None:
    """What `RUNTIME=containers` starts, without the whole suite on it."""
    of_testcontainers = ("ps", "-aq", "--filter", "label=org.testcontainers=true")
    before = engine.names(*of_testcontainers)
    runtime = ContainersRuntime(Images(), PortBook(fixed=False))
    try:
        backing = await runtime.start()
        database = await asyncpg.connect(backing.postgres_admin_dsn)
        assert await database.fetchval("SHOW fsync") == "on"
        await database.close()
        wanted = read_topics(topics_file(), "local")
        assert len((await apply_topics(backing.kafka, wanted)).created) == len(wanted)
    finally:
        await runtime.stop()

    assert engine.names(*of_testcontainers) - before == set()
