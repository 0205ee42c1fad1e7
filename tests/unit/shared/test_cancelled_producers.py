"""A producer whose start is given up leaves no connection behind."""

import asyncio
import struct

import pytest
from shared.messaging import kafka
from shared.messaging.kafka import KafkaConnection, new_producer

API_VERSIONS, METADATA = 18, 3
KNOWN = (API_VERSIONS, 0, 0, METADATA, 0, 5)  # Each with its first and last version.


async def test_a_start_that_is_cancelled_closes_its_first_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kafka, "REQUEST_TIMEOUT_MS", 300)
    asked, ended = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Tells which requests it knows, and answers no other."""
        try:
            while size := await reader.read(4):
                (length,) = struct.unpack(">i", size)
                api, _, number = struct.unpack_from(">hhi", await reader.readexactly(length))
                if api == API_VERSIONS:
                    writer.write(struct.pack(">iihi3h3h", 22, number, 0, 2, *KNOWN))
                else:
                    asked.set()
        except ConnectionResetError:
            pass
        ended.set()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    starting = asyncio.create_task(new_producer(KafkaConnection(f"{host}:{port}"), "relay-0"))
    async with asyncio.timeout(10):
        await asked.wait()
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        await ended.wait()
    server.close()
