"""A connection that uvloop has closed is broken, as one that asyncio has closed is."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import pytest
import uvloop
from aiokafka import conn
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest
from shared.messaging.closed_connections import Connection, expect_closed_connections

NewConnection = Callable[..., AIOKafkaConnection]
Write = Callable[[AIOKafkaConnection], None]
METADATA = 3  # Kafka's key of that request.


async def _write_to_a_closed_one(new: NewConnection, write: Write) -> AIOKafkaConnection:
    """As when a broker dies: the loop knows, and the task that reads has not run yet."""
    left = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await reader.read()
        writer.close()
        left.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    made = new("127.0.0.1", server.sockets[0].getsockname()[1], client_id="test")
    made._reader, made._writer = await asyncio.open_connection(made.host, made.port)
    made._read_task, made._versions = made._create_reader_task(), {METADATA: (0, 1)}
    made._writer.transport.abort()
    await asyncio.sleep(0)
    try:
        with pytest.raises(KafkaConnectionError, match="broken"):
            write(made)
    finally:
        made.close()
        await left.wait()
        server.close()
    return made


def _on_uvloop(new: NewConnection, write: Write) -> AIOKafkaConnection:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_write_to_a_closed_one(new, write))


def _request(made: AIOKafkaConnection) -> None:
    made.send(MetadataRequest([]))


def _token(made: AIOKafkaConnection) -> None:
    made._send_sasl_token(b"token")


@pytest.mark.parametrize("write", [_request, _token])
def test_a_write_to_a_closed_connection_is_one_to_a_broken_one(write: Write) -> None:
    assert not _on_uvloop(Connection, write).connected()


def test_without_it_the_error_is_one_that_aiokafka_does_not_expect() -> None:
    """Once aiokafka expects it, our own class may go."""
    with pytest.raises(RuntimeError, match="closed"):
        _on_uvloop(AIOKafkaConnection, _request)


def test_every_connection_of_the_process_is_such_a_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conn, "AIOKafkaConnection", AIOKafkaConnection)

    expect_closed_connections()

    assert conn.AIOKafkaConnection is Connection
