"""Kafka and PostgreSQL as a server runs them, in place of the quick start that tests want."""

from collections.abc import Sequence
from dataclasses import replace

from local_runtime.paths import RunDir
from local_runtime.ports import PortBook
from local_runtime.processes import Command
from local_runtime.runtimes.embedded import EmbeddedRuntime
from local_runtime.runtimes.kafka import KafkaNode, Seat
from local_runtime.runtimes.postgres import PostgresNode

# Those of the peers (their common/env.sh), so that nobody has better servers.
POSTGRES = {"shared_buffers": "512MB", "max_wal_size": "4GB", "full_page_writes": "on"}
JAVA = ("-Xms512m", "-Xmx1g", "-XX:TieredStopAtLevel=4")
PEERS_PORTS = range(25_000, 30_000)


class Ports(PortBook):
    """Any free ports but those that the peers' servers have."""

    @staticmethod
    def _any() -> int:
        while (port := PortBook._any()) in PEERS_PORTS:
            pass
        return port


class BenchKafka(KafkaNode):
    """The optimising compiler, and memory enough."""

    def startup_options(self) -> Sequence[str]:
        return JAVA


class BenchPostgres(PostgresNode):
    """Every durable setting stays on."""

    async def command(self) -> Command:
        usual = await super().command()
        more = [part for name, value in POSTGRES.items() for part in ("-c", f"{name}={value}")]
        return replace(usual, argv=[*usual.argv, *more])


class BenchRuntime(EmbeddedRuntime):
    """One broker and one server, as the peers have."""

    def __init__(self, run_dir: RunDir, ports: PortBook) -> None:
        super().__init__(run_dir, ports)
        self.brokers = [
            BenchKafka(
                run_dir.broker(1, of=1),
                run_dir.log("kafka"),
                port=ports.take(0),
                seat=Seat(1, {1: ports.take(0)}),
            )
        ]
        self.postgres = BenchPostgres(run_dir, port=ports.take(0))
