"""Kafka and PostgreSQL as containers of a local engine, with images by setting."""

import asyncio
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

from local_runtime.ports import HOST, PortBook
from local_runtime.runtimes.base import Backing, Node, Stopwatch

KAFKA_IMAGE_VARIABLE = "ORDERPROOF_KAFKA_IMAGE"
POSTGRES_IMAGE_VARIABLE = "ORDERPROOF_POSTGRES_IMAGE"
REAPER_VARIABLE = "TESTCONTAINERS_RYUK_DISABLED"
_KAFKA_PORT = 9092
_POSTGRES_PORT = 5432
_START_TIMEOUT_S = 120
_ADMIN = "postgres"


@dataclass(frozen=True)
class Images:
    """The images to run."""

    kafka: str = "apache/kafka:4.4.0"
    postgres: str = "postgres:18"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Images":
        """The defaults, each replaced by its variable where that is set."""
        return cls(
            environment.get(KAFKA_IMAGE_VARIABLE) or cls.kafka,
            environment.get(POSTGRES_IMAGE_VARIABLE) or cls.postgres,
        )


def kafka_environment(port: int) -> dict[str, str]:
    """The image's variables: one KRaft node, reached from outside at ``port``."""
    return {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_LISTENERS": f"PLAINTEXT://:{_KAFKA_PORT},CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://{HOST}:{port}",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "4",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS": "1000",
        "KAFKA_HEAP_OPTS": "-Xmx512m",
    }


class KafkaContainer(DockerContainer):
    """Apache's own image; the library's class knows only Confluent's."""

    def __init__(self, image: str, port: int) -> None:
        strategy = LogMessageWaitStrategy("Kafka Server started")
        super().__init__(image, _wait_strategy=strategy.with_startup_timeout(_START_TIMEOUT_S))
        self.with_envs(**kafka_environment(port))
        bind_on_loopback(self, _KAFKA_PORT, port)


def postgres_container(image: str, port: int, password: str) -> PostgresContainer:
    """The official image with the settings of the embedded server."""
    container = PostgresContainer(
        image, username=_ADMIN, password=password, dbname=_ADMIN, driver=None
    )
    container.with_command("postgres -c max_connections=200 -c shared_buffers=128MB")
    bind_on_loopback(container, _POSTGRES_PORT, port)
    return container


def bind_on_loopback(container: Any, inside: int, outside: int) -> None:
    """Publish a port on the loopback address only; the library's own method opens all."""
    container.ports.pop(str(inside), None)
    container.ports[f"{inside}/tcp"] = (HOST, outside)


def leave_removal_to_us(environment: Mapping[str, str]) -> None:
    """Do without the library's reaper, unless its variable says something.

    The reaper is an image more to fetch, and a container that holds the engine's socket. Without
    it, containers stay when this process is killed with SIGKILL.
    """
    if REAPER_VARIABLE not in environment:
        testcontainers_config.ryuk_disabled = True


class ContainersRuntime:
    """Both servers in containers that end with the process that started them."""

    name = "containers"

    def __init__(self, images: Images, ports: PortBook) -> None:
        self._images = images
        self._kafka_port = ports.take(29_092)
        self._postgres_port = ports.take(25_432)
        self._stopwatch = Stopwatch()
        self._containers: list[DockerContainer] = []
        self.nodes: list[Node] = []

    @property
    def stages(self) -> dict[str, float]:
        """Seconds per stage of the last start."""
        return self._stopwatch.stages

    async def start(self) -> Backing:
        """Start both at once; when one fails the other is removed."""
        leave_removal_to_us(os.environ)
        password = secrets.token_urlsafe(16)
        kafka = KafkaContainer(self._images.kafka, self._kafka_port)
        postgres = postgres_container(self._images.postgres, self._postgres_port, password)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._run("kafka", kafka))
                group.create_task(self._run("postgres", postgres))
        except BaseException:
            await self.stop()
            raise
        dsn = f"postgresql://{_ADMIN}:{password}@{HOST}:{self._postgres_port}/{_ADMIN}"
        return Backing(f"{HOST}:{self._kafka_port}", dsn)

    async def stop(self) -> None:
        """Remove the containers with their state."""
        stopping, self._containers = self._containers, []
        for container in stopping:
            await asyncio.to_thread(container.stop)

    async def _run(self, stage: str, container: DockerContainer) -> None:
        self._containers.append(container)
        with self._stopwatch.stage(stage):
            await asyncio.to_thread(container.start)
