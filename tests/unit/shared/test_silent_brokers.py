"""A broker that keeps its connections and answers nothing is waited for once."""

import asyncio
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from shared.messaging.silent_brokers import create_conn

from tests.support.waiting import eventually

TIMEOUT_MS = 150


@dataclass
class Broker:
    """Takes connections; while it is ``silent`` it keeps the answers to itself."""

    silent: bool = True
    connections: int = 0
    port: int = 0
    _server: asyncio.Server | None = None
    _waiting: list[tuple[asyncio.StreamWriter, int]] = field(default_factory=list)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer, _ in self._waiting:
            writer.close()

    def wake(self) -> None:
        self.silent = False
        for writer, request in self._waiting:
            answer(writer, request)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        (size,) = struct.unpack(">i", await reader.readexactly(4))
        (request,) = struct.unpack_from(">i", await reader.readexactly(size), 4)
        self._waiting.append((writer, request))
        if not self.silent:
            answer(writer, request)


def answer(writer: asyncio.StreamWriter, request: int) -> None:
    """That no request is known (Kafka protocol, ApiVersions v0)."""
    writer.write(struct.pack(">iihi", 10, request, 0, 0))


@pytest.fixture
async def broker() -> AsyncIterator[Broker]:
    broker = Broker()
    await broker.start()
    yield broker
    broker.stop()


async def connected(broker: Broker) -> bool:
    try:
        found = await create_conn("127.0.0.1", broker.port, request_timeout_ms=TIMEOUT_MS)
    except OSError:
        return False
    found.close()
    return True


async def test_a_silent_broker_is_waited_for_once(broker: Broker) -> None:
    with pytest.raises(TimeoutError):
        await create_conn("127.0.0.1", broker.port, request_timeout_ms=TIMEOUT_MS)

    for _ in range(20):
        with pytest.raises(ConnectionError, match="does not answer"):
            await create_conn("127.0.0.1", broker.port, request_timeout_ms=TIMEOUT_MS)
    assert broker.connections <= 2, "who asks it meanwhile is one"
    broker.wake()


async def test_it_is_used_again_when_it_answers(broker: Broker) -> None:
    assert not await connected(broker)
    broker.wake()

    await eventually(lambda: connected(broker), "connected")


async def test_one_that_refuses_is_no_longer_silent(broker: Broker) -> None:
    assert not await connected(broker)
    broker.stop()

    async def refused() -> bool:
        try:
            await create_conn("127.0.0.1", broker.port, request_timeout_ms=TIMEOUT_MS)
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
        return False

    await eventually(refused, "refused")
