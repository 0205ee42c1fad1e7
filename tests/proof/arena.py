"""A stack to be broken: real Kafka, PostgreSQL, services and simulators, gone without a trace."""

import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
from local_runtime.config import StackConfig
from local_runtime.paths import RunDir
from local_runtime.ports import HOST, PortBook
from local_runtime.restarts import RestartLimits
from local_runtime.runtimes.base import Backing
from local_runtime.runtimes.embedded import EmbeddedRuntime
from local_runtime.supervisor import Supervisor

from tests.proof.judges.journal import Journal
from tests.proof.judges.kafka import Place
from tests.proof.load import Load
from tests.proof.partners import Partner
from tests.proof.proxy import Proxy, a_proxy
from tests.proof.watch import Watch
from tests.support import mendable_inventory
from tests.support.kafka_log import KafkaLog
from tests.support.leftovers import PREFIX
from tests.support.receivers import receivers
from tests.support.shop import TIMEOUT, Shop, list_files

KEPT_LOGS = Path(".run") / "proof-logs"
SERVICES = ("orders", "payments", "inventory", "notifications")
SCALED = {
    "ORDERS_DEADLINE_S": "16",
    "PAYMENTS_CALL_TIMEOUT_S": "1",
    "PAYMENTS_LEASE_S": "6",
    "PAYMENTS_SWEEP_DELAYS_S": "[1, 2, 4, 8, 20]",
    "NOTIFICATIONS_CALL_TIMEOUT_S": "2",
    "NOTIFICATIONS_LEASE_S": "7",
}
# The redrives of a race have many orders parked by one bug, which a breaker would stop.
RACED = {"ORDERS_DEADLINE_S": "60", "INVENTORY_PARKED_ORDERS_PER_MINUTE_MAX": "1000000"}
# Orders here wait for a provider that takes as long as they have, many at a time.
HURRIED = {
    "ORDERS_DEADLINE_S": "3",
    "ORDERS_DEADLINE_INTERVAL_S": "0.1",
    "PAYMENTS_CALL_TIMEOUT_S": "5",
    "PAYMENTS_LEASE_S": "10",
    "PAYMENTS_PROVIDER_CALLS_MAX": "500",
}
# What the provider does between the faults: the two delays serve its tokens.
CALM = {"late_s": 3.0, "slow_s": 1.6}


@dataclass
class Arena:
    """A running stack and the run that is under way on it.

    ``journals`` are those of earlier runs; ``forged`` the keys and event ids of records that
    faults have written, which the judges leave out; ``offsets`` where Kafka was at the last quiet.
    The logs of an arena where a run has ``failed`` are kept in .run/proof-logs.
    """

    kind: str
    shop: Shop
    servers: EmbeddedRuntime
    partner: Partner
    journals: list[Journal] = field(default_factory=list)
    elsewhere: set[str] = field(default_factory=set)
    forged: set[str] = field(default_factory=set)
    offsets: dict[Place, int] = field(default_factory=dict)
    lines: Mapping[str, Proxy] = field(default_factory=dict)
    failed: bool = False
    _load: Load | None = None
    _watch: Watch | None = None

    @property
    def system(self) -> Supervisor:
        return self.shop.system

    @property
    def instances(self) -> int:
        return self.system.config.instances

    @property
    def deadline_s(self) -> float:
        """How long an order may stay undecided."""
        return float(self.system.config.environment["ORDERS_DEADLINE_S"])

    @property
    def load(self) -> Load:
        """The orders of the present run."""
        assert self._load is not None
        return self._load

    @property
    def watch(self) -> Watch:
        """What Kafka has told since the present run began."""
        assert self._watch is not None
        return self._watch

    def line(self, to: str) -> Proxy:
        """The proxy between the services and ``postgres`` or ``provider``."""
        return self.lines[to]

    def begin(self, load: Load, watch: Watch) -> None:
        self._load, self._watch = load, watch

    async def provider(self, **faults: float) -> None:
        """Set the provider's faults; without any it is calm again."""
        url = f"{self.system.addresses.provider}/faults"
        answer = await self.shop.post(url, {**CALM, **faults})
        assert answer.status == 200, answer.body

    async def calm(self) -> None:
        """No order to die is left, and the provider answers."""
        for order in list_files(self.shop.crash_dir):
            order.unlink()
        await self.provider()


class ClusterBehindLines(EmbeddedRuntime):
    """Three brokers, and PostgreSQL as it is reached over a line that a fault can break."""

    def __init__(self, run_dir: RunDir, ports: PortBook, line: Proxy) -> None:
        super().__init__(run_dir, ports, brokers=3)
        self._line = line

    async def start(self) -> Backing:
        """PostgreSQL's address is the line's, for services and topics alike."""
        backing = await super().start()
        direct = urlsplit(backing.postgres_admin_dsn)
        self._line.target = direct.port
        netloc = direct.netloc.replace(f":{direct.port}", f":{self._line.port}")
        return replace(backing, postgres_admin_dsn=direct._replace(netloc=netloc).geturl())


@asynccontextmanager
async def a_cluster() -> AsyncIterator[Arena]:
    """Three brokers; lines to PostgreSQL and the provider that can be cut, slowed and dead."""
    ports = PortBook(fixed=False)
    async with a_proxy(ports.take(0)) as postgres, a_proxy(ports.take(0)) as provider:
        given = {
            "PAYMENTS_PROVIDER_URL": f"http://{HOST}:{provider.port}",
            # Longer than any fault of a broker, so that orders go on instead of being expired.
            "ORDERS_DEADLINE_S": "60",
        }
        lines = {"postgres": postgres, "provider": provider}
        async with an_arena("cluster", 1, given, lines) as arena:
            provider.target = urlsplit(arena.system.addresses.provider).port
            yield arena


@asynccontextmanager
async def an_arena(
    kind: str,
    instances: int,
    environment: Mapping[str, str] | None = None,
    lines: Mapping[str, Proxy] | None = None,
) -> AsyncIterator[Arena]:
    """Boot everything below a temporary folder; at the end nothing of it is left.

    With lines there are three brokers, and every record is on two of them before its ack.
    """
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    crash_dir = folder / "crash"
    crash_dir.mkdir()
    crashes = {f"{one.upper()}_CRASH_DIR": str(crash_dir) for one in SERVICES}
    config = StackConfig(
        run_dir=folder / "stack",
        instances=instances,
        topic_prefix=f"{kind}.",
        topics_profile="local-cluster" if lines else "local",
        environment={**SCALED, **crashes, **(environment or {})},
        commands={"inventory": [sys.executable, mendable_inventory.__file__]},
        fixed_ports=False,
        restart_limits=RestartLimits(delays_s=(0.0, 1.0), deaths_max=1_000_000),
    )
    ports = PortBook(fixed=False)
    run_dir = RunDir.at(config.run_dir)
    servers = (
        ClusterBehindLines(run_dir, ports, lines["postgres"])
        if lines
        else EmbeddedRuntime(run_dir, ports)
    )
    try:
        async with (
            Supervisor(config, servers, ports) as system,
            aiohttp.ClientSession(
                timeout=TIMEOUT, connector=aiohttp.TCPConnector(force_close=True, limit=0)
            ) as http,
            receivers() as partner_servers,
        ):
            log = KafkaLog(system.addresses.kafka, config.topic_prefix)
            shop = Shop(system, http, log, crash_dir)
            arena = Arena(kind, shop, servers, Partner(shop, partner_servers), lines=lines or {})
            await arena.provider()
            await arena.partner.join()
            try:
                async with arena.partner.looking():
                    yield arena
            finally:
                if arena.failed:
                    shutil.copytree(system.run_dir.logs, KEPT_LOGS / kind, dirs_exist_ok=True)
    finally:
        RunDir.at(config.run_dir).remove()
        shutil.rmtree(folder)


# How the arena of each kind is booted; a fault names its kind.
ARENAS: dict[str, Callable[[], AbstractAsyncContextManager[Arena]]] = {
    "one": partial(an_arena, "one", 1),
    "two": partial(an_arena, "two", 2),
    "cluster": a_cluster,
    "races": partial(an_arena, "races", 2, RACED),
    "deadlines": partial(an_arena, "deadlines", 2, HURRIED),
}
