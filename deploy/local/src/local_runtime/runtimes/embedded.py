"""Kafka and PostgreSQL from Python wheels and published jars, as our own child processes."""

import asyncio

from local_runtime.paths import RunDir
from local_runtime.ports import PortBook
from local_runtime.runtimes.base import Backing, Node, PartnerKafka, Stopwatch
from local_runtime.runtimes.kafka import KafkaNode, Seat
from local_runtime.runtimes.partner_listener import PartnerListener
from local_runtime.runtimes.postgres import PostgresNode

_BROKER_STOP_TIMEOUT_S = 2.0


class EmbeddedRuntime:
    """Both servers below one run directory; ``async with`` starts and stops them.

    With more than one broker, every partition may have up to three replicas.
    ``partner_listener`` opens Kafka's second door, for those outside.
    """

    name = "embedded"

    def __init__(
        self,
        run_dir: RunDir,
        ports: PortBook,
        brokers: int = 1,
        *,
        partner_listener: bool = False,
    ) -> None:
        self.brokers = _brokers(run_dir, ports, brokers, partners=partner_listener)
        self.postgres = PostgresNode(run_dir, port=ports.take(25_432))
        self._stopwatch = Stopwatch()

    @property
    def kafka(self) -> KafkaNode:
        """The broker, or the first of them."""
        return self.brokers[0]

    @property
    def partner_kafka(self) -> PartnerKafka | None:
        """Where partners reach the brokers; None when they cannot."""
        doors = [broker.partners for broker in self.brokers if broker.partners is not None]
        if not doors:
            return None
        return PartnerKafka(",".join(door.bootstrap for door in doors), doors[0].ca_file)

    @property
    def nodes(self) -> list[Node]:
        """The processes, for whoever keeps them alive."""
        return [*self.brokers, self.postgres]

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
        bootstrap = ",".join(broker.bootstrap for broker in self.brokers)
        return Backing(bootstrap, self.postgres.admin_dsn, self.partner_kafka)

    async def stop(self) -> None:
        """End both; their state stays."""
        brokers = (one.stop(_BROKER_STOP_TIMEOUT_S) for one in self.brokers)
        await asyncio.gather(self.postgres.stop(), *brokers)

    async def __aenter__(self) -> Backing:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _start_kafka(self) -> None:
        with self._stopwatch.stage("jars"):
            for broker in self.brokers:
                await broker.fetch_jars()
        with self._stopwatch.stage("kafka"):
            # None of a cluster answers before most are there.
            async with asyncio.TaskGroup() as group:
                for broker in self.brokers:
                    group.create_task(broker.start())

    async def _start_postgres(self) -> None:
        with self._stopwatch.stage("postgres"):
            await self.postgres.start()


def _brokers(run_dir: RunDir, ports: PortBook, count: int, *, partners: bool) -> list[KafkaNode]:
    clients, controllers = {}, {}
    doors: dict[int, PartnerListener] = {}
    for number in range(1, count + 1):
        clients[number] = ports.take(29_092)
        controllers[number] = ports.take(29_093)
        if partners:
            doors[number] = PartnerListener(ports.take(29_094), run_dir.partner_tls)
    return [
        KafkaNode(
            run_dir.broker(number, of=count),
            run_dir.log("kafka" if count == 1 else f"kafka-{number}"),
            port=clients[number],
            seat=Seat(number, controllers),
            partners=doors.get(number),
        )
        for number in clients
    ]
