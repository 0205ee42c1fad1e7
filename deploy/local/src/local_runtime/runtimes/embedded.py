"""Kafka and PostgreSQL from Python wheels and published jars, as our own child processes."""

import asyncio

from local_runtime.paths import RunDir
from local_runtime.ports import PortBook
from local_runtime.runtimes.base import Backing, Node, Stopwatch
from local_runtime.runtimes.kafka import KafkaNode
from local_runtime.runtimes.postgres import PostgresNode

_STOP_TIMEOUT_S = 2.0


class EmbeddedRuntime:
    """Both servers below one run directory; ``async with`` starts and stops them."""

    name = "embedded"

    def __init__(self, run_dir: RunDir, ports: PortBook) -> None:
        self.kafka = KafkaNode(
            run_dir.kafka,
            run_dir.log("kafka"),
            port=ports.take(29_092),
            controller_port=ports.take(29_093),
        )
        self.postgres = PostgresNode(run_dir, port=ports.take(25_432))
        self._stopwatch = Stopwatch()

    @property
    def nodes(self) -> list[Node]:
        """The processes, for whoever keeps them alive."""
        return [self.kafka, self.postgres]

    @property
    def stages(self) -> dict[str, float]:
        """Seconds per stage of the last start."""
        return self._stopwatch.stages

    async def start(self) -> Backing:
        """Boot both at once; when one fails the other is stopped."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._start_kafka())
                group.create_task(self._start_postgres())
        except BaseException:
            await self.stop()
            raise
        return Backing(self.kafka.bootstrap, self.postgres.admin_dsn)

    async def stop(self) -> None:
        """End both; their state stays."""
        stops = (node.stop(_STOP_TIMEOUT_S) for node in self.nodes)
        await asyncio.gather(*stops)

    async def __aenter__(self) -> Backing:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _start_kafka(self) -> None:
        with self._stopwatch.stage("jars"):
            await self.kafka.fetch_jars()
        with self._stopwatch.stage("kafka"):
            await self.kafka.start()

    async def _start_postgres(self) -> None:
        with self._stopwatch.stage("postgres"):
            await self.postgres.start()
