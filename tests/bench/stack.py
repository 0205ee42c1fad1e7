"""The system that is measured: booted below a temporary folder, with stock for every order."""

import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from uuid import uuid4

import aiohttp
from local_runtime.config import SERVICES, WITH_CONSOLE, StackConfig
from local_runtime.paths import RunDir, repository_root
from local_runtime.runtimes.base import Runtime
from local_runtime.runtimes.choice import RuntimeName, build, choose
from local_runtime.runtimes.embedded import EmbeddedRuntime
from local_runtime.runtimes.external import POSTGRES_VARIABLE
from local_runtime.supervisor import Supervisor

from tests.bench.backlog import Backlogs
from tests.bench.orders import SKUS, STOCK_EACH, sku
from tests.bench.servers import BenchRuntime, Ports
from tests.bench.spec import Json
from tests.bench.usage import Groups

PREFIX = "orderproof-bench-"
CALL_TIMEOUT_S = 30.0
_STATUSES = "SELECT status, count(*) FROM orders GROUP BY status"
_LONGEST = """
SELECT max(extract(epoch FROM t.at - o.placed_at))::float8 AS in_system_s_max,
    min(extract(epoch FROM o.deadline_at - o.placed_at))::float8 AS deadline_s
FROM orders o JOIN order_transitions t USING (order_id)
WHERE t.status <> 'pending' AND o.placed_at > now() - make_interval(secs => $1)
"""
_VACUUMED = "SELECT NOT EXISTS (SELECT FROM pg_stat_progress_vacuum)"
_SIZE = "SELECT pg_database_size(current_database())"
_WRITTEN = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint"


@dataclass
class Stack:
    """A running system, its books of what waits, and its processes."""

    system: Supervisor
    backlogs: Backlogs
    admin_dsn: str

    @property
    def kafka(self) -> str:
        return self.system.addresses.kafka

    @property
    def prefix(self) -> str:
        return self.system.config.topic_prefix

    @property
    def orders_url(self) -> str:
        return self.system.addresses.services["orders"]

    @property
    def groups(self) -> Groups:
        """Every process that is not the generator or the benchmark itself."""
        return Groups(dict(self.system.endpoints["pids"]))

    async def order_counts(self) -> dict[str, int]:
        """How many orders there are in each status."""
        rows = await self.backlogs.databases["orders"].fetch(_STATUSES)
        return {row["status"]: row["count"] for row in rows}

    async def is_vacuumed(self) -> bool:
        """Whether no vacuum is under way, in any database."""
        found: bool = await self.backlogs.databases["orders"].fetchval(_VACUUMED)
        return found

    async def stored_bytes(self) -> dict[str, int]:
        """What Kafka's topics and the databases hold on disk, and the log that was written."""
        sizes = [await one.fetchval(_SIZE) for one in self.backlogs.databases.values()]
        written = await self.backlogs.databases["orders"].fetchval(_WRITTEN)
        data = self.system.run_dir.broker(1, of=1) / "data"
        kept = sum(one.stat().st_size for one in data.glob(f"{self.prefix}*/*.log"))
        return {"kafka": kept, "postgres": sum(sizes), "postgres_wal": int(written)}

    async def decided_within(self, since_s: float) -> Json:
        """Of orders taken in since so long, how long the slowest was in the system, and might be.

        Seconds; None when there was no order.
        """
        row = await self.backlogs.databases["orders"].fetchrow(_LONGEST, since_s)
        assert row is not None
        return {name: None if found is None else round(found, 1) for name, found in row.items()}

    async def stop_services(self) -> None:
        """Every instance dies of SIGKILL, and is not started again."""
        await asyncio.gather(*map(self.system.take_down, self._instances))

    async def start_services(self) -> None:
        """Those that were stopped are ready again."""
        await asyncio.gather(*map(self.system.bring_back, self._instances))

    @property
    def has_broker(self) -> bool:
        """Whether the broker is a process of this stack."""
        return bool(self._brokers)

    async def stop_broker(self) -> None:
        """It dies of SIGKILL, and is not started again."""
        await asyncio.gather(*map(self.system.take_down, self._brokers))

    async def start_broker(self) -> None:
        """It answers again."""
        await asyncio.gather(*map(self.system.bring_back, self._brokers))

    @property
    def _instances(self) -> list[str]:
        return [one.name for one in self.system.programs if one.group in SERVICES]

    @property
    def _brokers(self) -> list[str]:
        return [one.name for one in self.system.runtime.nodes if one.name.startswith("kafka")]


@asynccontextmanager
async def a_stack(
    *,
    simulators: bool,
    quick: bool = False,
    instances: int = 1,
    console: bool = False,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> AsyncIterator[Stack]:
    """Boot it, fill the shelves, yield; at the end nothing of it is left.

    Without ``simulators`` provider and mail server are adapters in the services' processes.
    A ``quick`` stack has servers that start soon and are slow for ever. With the ``console``
    spans go there, as in ``orderproof up``, unless the environment says otherwise. Services have
    ``environment``, too.
    """
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    given = {
        "PYTHONPATH": str(repository_root()),
        "BENCH_PROVIDER_BOOK": str(folder / "book.jsonl"),
        **environment,
    }
    config = StackConfig(
        run_dir=folder / "stack",
        instances=instances,
        services=WITH_CONSOLE if console else SERVICES,
        topic_prefix=f"bench-{uuid4().hex[:6]}.",
        database_prefix=f"bench_{uuid4().hex[:6]}_",
        environment=given,
        commands={} if simulators else _adapted(),
        fixed_ports=False,
    )
    ports = Ports(fixed=False)
    run_dir = RunDir.at(config.run_dir)
    try:
        runtime, admin_dsn = _runtime(run_dir, ports, quick=quick)
        async with Supervisor(config, runtime, ports) as system:
            await receive_stock(system.addresses.services["inventory"])
            addresses = system.addresses
            watched = await Backlogs.of(addresses.kafka, config.topic_prefix, addresses.databases)
            try:
                yield Stack(system, watched, admin_dsn)
            finally:
                await watched.close()
    finally:
        run_dir.remove()
        shutil.rmtree(folder, ignore_errors=True)


def _runtime(run_dir: RunDir, ports: Ports, *, quick: bool) -> tuple[Runtime, str]:
    """What to run it on, and PostgreSQL's superuser there."""
    choice = choose(None, os.environ)
    if choice.name is RuntimeName.EMBEDDED:
        made = EmbeddedRuntime(run_dir, ports) if quick else BenchRuntime(run_dir, ports)
        return made, made.postgres.admin_dsn
    return build(choice.name, run_dir, ports, os.environ), os.environ[POSTGRES_VARIABLE]


def _adapted() -> dict[str, Sequence[str]]:
    module = [sys.executable, "-m", "tests.bench.services"]
    return {name: [*module, name] for name in ("payments", "notifications", "provider")}


async def receive_stock(inventory_url: str) -> None:
    """Units of every SKU, more than any run takes."""
    receipts = [
        {"sku": sku(number), "location": "main", "quantity": STOCK_EACH} for number in range(SKUS)
    ]
    headers = {"Content-Type": "application/json", "Idempotency-Key": uuid4().hex}
    timeout = aiohttp.ClientTimeout(total=CALL_TIMEOUT_S)
    async with (
        aiohttp.ClientSession(timeout=timeout) as http,
        http.post(
            f"{inventory_url}/v1/stock/receipts",
            data=json.dumps({"receipts": receipts}),
            headers=headers,
        ) as answer,
    ):
        if answer.status != 201:
            raise RuntimeError(f"no stock: {answer.status} {await answer.text()}")
