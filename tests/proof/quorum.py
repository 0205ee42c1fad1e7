"""Who does what in a Kafka cluster: leaders, a group's coordinator, the active controller."""

import asyncio
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code

_DESCRIBE_QUORUM, _VERSION = 55, 0
_TOPIC = b"__cluster_metadata"
_TIMEOUT_S = 5.0


class NotAnswered(RuntimeError):
    """No broker could say who the controller is."""


@dataclass(frozen=True)
class Partition:
    """Where a partition is: node ids."""

    leader: int
    in_sync: frozenset[int]


@asynccontextmanager
async def an_admin(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=10_000)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def partitions_of(bootstrap: str, topic: str) -> Mapping[int, Partition]:
    """Leader and in-sync replicas of each partition; the leader is -1 when there is none.

    Raises Kafka's error (``UnknownTopicOrPartitionError``) while the broker that was asked has
    not heard of the topic: each learns of a new one in its own time, also after its creation was
    answered.
    """
    async with an_admin(bootstrap) as admin:
        (found,) = await admin.describe_topics([topic])
    if found["error_code"]:
        raise for_code(found["error_code"])(topic)
    return {
        one["partition"]: Partition(one["leader"], frozenset(one["isr"]))
        for one in found["partitions"]
    }


async def coordinator_of(bootstrap: str, group: str) -> int:
    """The broker that keeps the group."""
    async with an_admin(bootstrap) as admin:
        found: int = await admin.find_coordinator(group)
    return found


async def controller_of(bootstrap: str) -> int:
    """The node that leads the metadata's quorum; Kafka's own metadata names any broker."""
    for address in bootstrap.split(","):
        host, port = address.rsplit(":", 1)
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                return leader_in(await _ask(host, int(port)))
        except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
            continue
    raise NotAnswered(bootstrap)


def describe_quorum() -> bytes:
    """The request with its size (Kafka protocol, DescribeQuorum v0, a flexible version)."""
    header = struct.pack(">hhih", _DESCRIBE_QUORUM, _VERSION, 1, -1) + b"\0"
    name = bytes([len(_TOPIC) + 1]) + _TOPIC
    partition = struct.pack(">i", 0) + b"\0"
    body = b"\x02" + name + b"\x02" + partition + b"\0" + b"\0"
    return struct.pack(">i", len(header) + len(body)) + header + body


def leader_in(response: bytes) -> int:
    """The leader's id in a response without its size. Raises ``ValueError`` for an error code."""
    after_name = 4 + 1 + 2 + 1 + 1 + len(_TOPIC)
    error, inner, leader = (
        struct.unpack_from(">h", response, 5)[0],
        struct.unpack_from(">h", response, after_name + 1 + 4)[0],
        struct.unpack_from(">i", response, after_name + 1 + 4 + 2)[0],
    )
    if error or inner or leader < 0:
        raise ValueError(f"error codes {error} and {inner}, leader {leader}")
    return int(leader)


async def _ask(host: str, port: int) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(describe_quorum())
        (size,) = struct.unpack(">i", await reader.readexactly(4))
        return await reader.readexactly(size)
    finally:
        writer.close()
