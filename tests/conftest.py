"""The real parts, once per run: Kafka and PostgreSQL, databases, and two stacks of services."""

import gc
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import hypothesis
import pytest
from local_runtime.config import StackConfig
from local_runtime.databases import create_database
from local_runtime.paths import RunDir
from local_runtime.ports import PortBook
from local_runtime.runtimes.base import Backing, Runtime
from local_runtime.runtimes.choice import RuntimeName, build, choose
from local_runtime.runtimes.external import ExternalRuntime
from local_runtime.supervisor import Supervisor
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.support import logs, mendable_inventory
from tests.support.kafka_log import KafkaLog
from tests.support.leftovers import PREFIX, Leftovers
from tests.support.shop import TIMEOUT, Shop
from tests.support.trace_collector import Collector, Spans, trace_collector

KEPT_LOGS = Path(__file__).parents[1] / ".run" / "test-logs"
# What is in one process shares its servers and its stacks: the first that fits counts.
TOGETHER = {
    "stacks of their own": (
        "/end_to_end/console/",
        "/end_to_end/test_first_commands",
        "/end_to_end/test_races",
    ),
    "two instances, and quick ones": (
        "/end_to_end/runbooks/",
        "/end_to_end/test_audit",
        "/end_to_end/test_bench",
        "/end_to_end/test_cancel_races",
        "/end_to_end/test_dispatch_races",
        "/end_to_end/test_instances",
        "/end_to_end/test_stops",
    ),
    "one instance": ("/end_to_end/",),
    "no stack": ("/integration/",),
}
SCALED = {
    # No charge begins in its last ten seconds; the others must outlast the restart of a service.
    "ORDERS_DEADLINE_S": "22",
    "PAYMENTS_CALL_TIMEOUT_S": "1",
    "PAYMENTS_LEASE_S": "6",
    "PAYMENTS_SWEEP_DELAYS_S": "[1, 2, 4, 8, 20]",
    "NOTIFICATIONS_CALL_TIMEOUT_S": "2",
    "NOTIFICATIONS_LEASE_S": "7",
}


def pytest_configure() -> None:
    """An example of a property has no time limit: how long it takes says how busy we are.

    What the modules brought stays to the end, and the collector need not look at it for ever.
    """
    gc.freeze()
    gc.set_threshold(20_000)
    hypothesis.settings.register_profile("suite", deadline=None)
    hypothesis.settings.load_profile("suite")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Which tests run in one process; those without servers may be anywhere, file by file."""
    from xdist.scheduler import LoadScopeScheduling

    class ByServers(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            path = nodeid.partition("::")[0]
            fitting = (
                name for name, places in TOGETHER.items() if any(place in path for place in places)
            )
            return next(fitting, path)

    return ByServers(config, log)


@pytest.fixture(scope="session", autouse=True)
def leaves_nothing_behind() -> Iterator[None]:
    """The suite ends with no process, port or temporary file of its own; this fails otherwise."""
    before = Leftovers.now()
    yield
    assert Leftovers.now().beyond(before) == []


@pytest.fixture(scope="session")
def run_dir(leaves_nothing_behind: None, request: pytest.FixtureRequest) -> Iterator[Path]:
    """Everything the stacks write; the logs of a failed run are kept in .run/test-logs.

    Once every stack is down, no log may tell of a deadlock but those planted.
    """
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    yield folder
    deadlocks = logs.deadlocks_in(folder, logs.planted)
    if request.session.testsfailed or deadlocks:
        for kept in folder.glob("*/logs"):
            shutil.copytree(kept, KEPT_LOGS / kept.parent.name, dirs_exist_ok=True)
    shutil.rmtree(folder)
    outside = RunDir(folder.resolve() / "backing").outside
    if outside.exists():
        shutil.rmtree(outside)
    assert deadlocks == []


@pytest.fixture(scope="session")
async def runtime(run_dir: Path) -> AsyncIterator[Runtime]:
    """Real Kafka and PostgreSQL; which ones says ``ORDERPROOF_RUNTIME`` or the addresses."""
    asked = os.environ.get("ORDERPROOF_RUNTIME") or None
    name = choose(RuntimeName(asked) if asked else None, os.environ).name
    chosen = build(name, RunDir.at(run_dir / "backing"), PortBook(fixed=False), os.environ)
    yield chosen
    await chosen.stop()


@pytest.fixture(scope="session")
async def backing(runtime: Runtime) -> Backing:
    return await runtime.start()


@pytest.fixture(scope="session")
def database(backing: Backing) -> Callable[[str], Awaitable[str]]:
    """Makes a fresh, empty database owned by a role that is no superuser; gives its DSN."""
    numbers = count(1)

    async def make(service: str) -> str:
        name = f"test_{os.getpid()}_{next(numbers)}_{service}"
        return await create_database(backing.postgres_admin_dsn, name, service)

    return make


@asynccontextmanager
async def a_shop(
    backing: Backing, run_dir: Path, name: str, like: StackConfig | None = None, **environment: str
) -> AsyncIterator[Shop]:
    """A stack with a topic prefix and databases of its own, on the shared servers.

    ``like`` says how many instances of what it has, and what starts them; the console only where
    that names it.
    """
    crash_dir = run_dir / f"{name}-crash"
    crash_dir.mkdir(parents=True)
    crashes = {
        f"{service}_CRASH_DIR": str(crash_dir)
        for service in ("ORDERS", "PAYMENTS", "INVENTORY", "NOTIFICATIONS")
    }
    like = like or StackConfig()
    config = replace(
        like,
        run_dir=run_dir / name,
        topic_prefix=f"{name}.",
        database_prefix=f"{name}_",
        environment={**SCALED, **crashes, **environment},
        commands={"inventory": [sys.executable, mendable_inventory.__file__], **like.commands},
        fixed_ports=False,
    )
    async with (
        Supervisor(config, ExternalRuntime(backing)) as system,
        aiohttp.ClientSession(
            timeout=TIMEOUT,
            # A connection kept to a process that another test killed would fail this one.
            connector=aiohttp.TCPConnector(force_close=True),
        ) as http,
    ):
        yield Shop(system, http, KafkaLog(backing.kafka, config.topic_prefix), crash_dir)


@pytest.fixture(scope="session")
async def collector(leaves_nothing_behind: None) -> AsyncIterator[Collector]:
    async with trace_collector() as running:
        yield running


@pytest.fixture(scope="session")
def spans(collector: Collector) -> Spans:
    """What the services of ``shop`` have exported."""
    return collector.spans


@pytest.fixture(scope="session")
async def shop(backing: Backing, run_dir: Path, collector: Collector) -> AsyncIterator[Shop]:
    """One instance of every service, with times scaled down, which export their spans."""
    async with a_shop(
        backing, run_dir, "one", OTEL_EXPORTER_OTLP_ENDPOINT=collector.url
    ) as running:
        yield running


@pytest.fixture(scope="session")
async def two(backing: Backing, run_dir: Path) -> AsyncIterator[Shop]:
    """Two instances of every service."""
    async with a_shop(
        backing, run_dir, "two", StackConfig(instances=2), ORDERS_DEADLINE_S="60"
    ) as running:
        yield running


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """Every span of this process that has ended, whatever its own provider is."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    yield exporter
    provider.shutdown()
