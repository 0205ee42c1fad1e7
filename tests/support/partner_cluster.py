"""A broker that lets two partners in, and what they do at its door."""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka.conn import create_conn
from aiokafka.errors import KafkaError
from aiokafka.protocol.fetch import FetchRequest
from local_runtime.partner_consumers import KafkaAccess
from local_runtime.partner_kafka import kafka_access
from local_runtime.paths import RunDir, topics_file
from local_runtime.ports import PortBook
from local_runtime.runtimes.embedded import EmbeddedRuntime
from local_runtime.topics import apply_topics, read_topics
from shared.contracts import topics
from shared.messaging.envelope import encode_headers
from shared.messaging.kafka import KafkaConnection, new_producer

from tests.support import fulfilment
from tests.support.kafka_callers import Caller
from tests.support.mailed_orders import PLACED_AT

STOP_TIMEOUT_S = 5.0
FETCH_BYTES_MAX = 65_536
EVENTS = (
    fulfilment.opened("ord_1"),
    fulfilment.dispatched("ord_1"),
    fulfilment.delivered("ord_1"),
)


@dataclass(frozen=True)
class PartnerCluster:
    """``admin`` is the loopback listener, where nobody is asked for a name."""

    admin: str
    door: str
    ca_file: Path
    folder: Path

    @property
    def endpoints(self) -> dict[str, Any]:
        """What ``endpoints.json`` would say."""
        door = {"bootstrap": self.door, "ca_file": str(self.ca_file)}
        return {"kafka": self.admin, "partner_kafka": door}


@asynccontextmanager
async def a_partner_cluster(folder: Path) -> AsyncIterator[PartnerCluster]:
    """One broker with all topics and both listeners."""
    run_dir = RunDir.at(folder)
    runtime = EmbeddedRuntime(run_dir, PortBook(fixed=False), partner_listener=True)
    door = runtime.partner_kafka
    assert door is not None
    try:
        await runtime.kafka.start()
        await apply_topics(runtime.kafka.bootstrap, read_topics(topics_file(), "local"))
        yield PartnerCluster(runtime.kafka.bootstrap, door.bootstrap, door.ca_file, folder)
    finally:
        await runtime.kafka.stop(STOP_TIMEOUT_S)
        run_dir.remove()


@dataclass(frozen=True)
class World:
    """A broker, two partners whom it lets in, and the operator."""

    cluster: PartnerCluster
    acme: KafkaAccess
    globex: KafkaAccess

    def caller(self, name: str) -> Caller:
        """``acme``, ``globex`` or ``operator``."""
        if name == "operator":
            return Caller.operator(self.cluster.admin)
        return Caller.partner(self.acme if name == "acme" else self.globex)


@asynccontextmanager
async def a_world_of_partners(folder: Path) -> AsyncIterator[World]:
    """One order's events are told, and acme and globex are let in."""
    async with a_partner_cluster(folder) as cluster:
        acme, globex, _ = await asyncio.gather(
            asyncio.to_thread(kafka_access, cluster.endpoints, "acme"),
            asyncio.to_thread(kafka_access, cluster.endpoints, "globex"),
            _tell(cluster),
        )
        yield World(cluster, acme, globex)


async def _tell(cluster: PartnerCluster) -> None:
    """Compressed as the services send them."""
    producer = await new_producer(KafkaConnection(cluster.admin), "inventory")
    try:
        for sequence, event in enumerate(EVENTS, 1):
            headers = encode_headers(event, f"evt_{sequence}", PLACED_AT, sequence, "")
            value, key = event.model_dump_json().encode(), event.order_id.encode()
            await producer.send_and_wait(topics.FULFILMENT, value, key, headers=headers)
    finally:
        await producer.stop()


@asynccontextmanager
async def connected(
    cluster: PartnerCluster, username: str, password: str, mechanism: str = "SCRAM-SHA-512"
) -> AsyncIterator[Any]:
    """A connection that is logged in. Raises ``KafkaError``."""
    host, port = cluster.door.split(":")
    connection = await create_conn(
        host,
        int(port),
        security_protocol="SASL_SSL",
        ssl_context=ssl.create_default_context(cafile=str(cluster.ca_file)),
        sasl_mechanism=mechanism,
        sasl_plain_username=username,
        sasl_plain_password=password,
    )
    try:
        yield connection
    finally:
        connection.close()


async def login(
    cluster: PartnerCluster, username: str, password: str, mechanism: str = "SCRAM-SHA-512"
) -> int:
    """The code that a login is refused with; 0 for one that is let in."""
    try:
        async with connected(cluster, username, password, mechanism):
            return 0
    except KafkaError as refused:
        return int(refused.errno)


async def fetch(world: World, topic: str) -> int:
    """The code that acme's fetch of the topic's first partition is answered with."""
    request = FetchRequest(0, 0, FETCH_BYTES_MAX, 1, [(topic, [(0, 0, FETCH_BYTES_MAX)])])
    async with connected(world.cluster, world.acme.username, world.acme.password) as connection:
        response = await connection.send(request)
    ((_, ((_, code, *_),)),) = response.topics
    return int(code)


@asynccontextmanager
async def running(
    command: list[str], password: str, folder: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A partner's program, its password in the environment only; it is ended with the block."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env={**os.environ, "KAFKA_PASSWORD": password},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
