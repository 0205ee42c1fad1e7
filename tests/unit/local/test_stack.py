"""A whole stack over embedded Kafka and PostgreSQL, with stand-ins for what it supervises."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic

import asyncpg
import pytest
import pytest_asyncio
from local_runtime.config import SERVICES, StackConfig
from local_runtime.databases import create_database, drop_database
from local_runtime.endpoints import read_json
from local_runtime.paths import RunDir, topics_file
from local_runtime.polling import until
from local_runtime.ports import PortBook
from local_runtime.run_lock import AlreadyRunningError
from local_runtime.runtimes.embedded import EmbeddedRuntime
from local_runtime.supervisor import Supervisor
from local_runtime.topics import apply_topics, read_topics

from .conftest import STAND_IN

_GROUPS = (*SERVICES, "provider", "mail")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Supervisor]:
    """Two instances of every service, started once; its stop is measured."""
    config = StackConfig(
        run_dir=tmp_path_factory.mktemp("stack"),
        instances=2,
        commands=dict.fromkeys(_GROUPS, STAND_IN),
        fixed_ports=False,
    )
    ports = PortBook(fixed=False)
    runtime = EmbeddedRuntime(RunDir.at(config.run_dir), ports)
    async with Supervisor(config, runtime, ports) as running:
        yield running
        stopping_s = monotonic()
    assert monotonic() - stopping_s < 5
    assert not running.run_dir.endpoints.exists()
    running.run_dir.remove()
    assert not running.run_dir.outside.exists()
    assert [program.pid for program in running.programs if program.pid] == []


def _file(stack: Supervisor) -> dict[str, dict[str, list[int]]]:
    return read_json(stack.run_dir.endpoints) or {}


async def test_tells_an_address_and_a_pid_per_instance(stack: Supervisor) -> None:
    told = _file(stack)

    assert told["pids"].keys() == {*_GROUPS, "kafka", "postgres"}
    assert all(len(told["pids"][service]) == 2 for service in SERVICES)
    assert told["instances"].keys() == {f"{name}-{n}" for name in SERVICES for n in (0, 1)}
    assert told == stack.endpoints


async def test_a_killed_instance_is_replaced_in_the_file(stack: Supervisor) -> None:
    killed = stack.kill("orders-1")
    await stack.wait_replaced("orders-1", killed)

    pids = _file(stack)["pids"]["orders"]

    assert len(pids) == 2
    assert killed not in pids
    assert stack.instance("orders-1").pid in pids


async def test_a_killed_postgres_comes_back_with_its_data(stack: Supervisor) -> None:
    dsn = stack.addresses.databases["orders"]
    connection = await asyncpg.connect(dsn)
    await connection.execute("CREATE TABLE kept (number int); INSERT INTO kept VALUES (7)")

    await stack.wait_replaced("postgres", stack.kill("postgres"))
    connection.terminate()

    connection = await asyncpg.connect(dsn)
    assert await connection.fetchval("SELECT number FROM kept") == 7
    await connection.close()


async def test_a_service_cannot_enter_anothers_database(stack: Supervisor) -> None:
    dsn = stack.addresses.databases["payments"].replace("payments@", "orders@")

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(dsn)


async def test_a_database_of_ones_own_belongs_to_its_role(stack: Supervisor) -> None:
    admin = stack.addresses.databases["orders"].replace("orders@", "postgres@")
    dsn = await create_database(admin, "t1_orders", "orders")

    connection = await asyncpg.connect(dsn)
    await connection.execute("CREATE TABLE mine (number int)")
    assert await connection.fetchval("SELECT current_setting('is_superuser')") == "off"
    assert await connection.fetchval("SHOW fsync") == "on"
    await connection.close()
    await drop_database(admin, "t1_orders")


async def test_topics_are_compared_and_never_changed(stack: Supervisor) -> None:
    kafka = stack.addresses.kafka
    again = await apply_topics(kafka, read_topics(topics_file(), "local"))
    larger = await apply_topics(kafka, read_topics(topics_file(), "production"))

    assert (again.created, again.differences) == ((), ())
    assert len(again.unchanged) == 9
    assert "orders.events.v1: partitions is 6, the file says 48" in map(str, larger.differences)
    assert stack.differences == ()


async def test_a_second_supervisor_is_refused(stack: Supervisor) -> None:
    with pytest.raises(AlreadyRunningError):
        await Supervisor(stack.config, stack.runtime).start()

    assert stack.failure is None
    assert stack.run_dir.endpoints.exists()


async def test_a_broker_that_was_taken_down_keeps_its_topics(stack: Supervisor) -> None:
    await stack.take_down("kafka")
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(*stack.addresses.kafka.split(":"))

    await stack.bring_back("kafka")

    again = await apply_topics(stack.addresses.kafka, read_topics(topics_file(), "local"))
    assert len(again.unchanged) == 9


async def test_a_start_that_fails_leaves_nothing_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = StackConfig(run_dir=tmp_path, fixed_ports=False, services=("orders",))
    ports = PortBook(fixed=False)
    runtime = EmbeddedRuntime(RunDir.at(tmp_path), ports)

    async def no_jars_once_postgres_runs() -> None:
        await until(runtime.postgres.answers, timeout_s=20, what="PostgreSQL")
        raise ConnectionError("no route")

    monkeypatch.setattr(runtime.kafka, "fetch_jars", no_jars_once_postgres_runs)

    with pytest.raises(ExceptionGroup):
        await Supervisor(config, runtime, ports).start()

    assert [node.pid for node in runtime.nodes if node.pid] == []
    RunDir(tmp_path).remove()
