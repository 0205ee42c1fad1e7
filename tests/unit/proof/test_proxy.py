"""The proxy that the suite puts before a server: what passes, and what is counted."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest
from local_runtime.ports import HOST, PortBook

from tests.proof.proxy import Proxy, Way, a_proxy

QUICK_S = 0.3


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(1024):
        got.append(chunk)
        writer.write(chunk)
        await writer.drain()
    writer.close()


got: list[bytes] = []
clients: "list[Client]" = []


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    """A proxy before a server that says back what it hears."""
    ports = PortBook(fixed=False)
    target = ports.take(0)
    got.clear()
    server = await asyncio.start_server(echo, HOST, target)
    async with a_proxy(ports.take(0), target) as proxy:
        yield proxy
        for client in clients:
            client.writer.close()
            with contextlib.suppress(OSError):
                await client.writer.wait_closed()
    clients.clear()
    server.close()
    await server.wait_closed()


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def of(cls, proxy: Proxy) -> "Client":
        clients.append(cls(*await asyncio.open_connection(HOST, proxy.port)))
        return clients[-1]

    async def say(self, words: bytes) -> bytes:
        self.writer.write(words)
        return await self.hear(len(words))

    async def hear(self, count: int) -> bytes:
        return await asyncio.wait_for(self.reader.readexactly(count), QUICK_S * 5)


async def test_passes_both_ways_and_counts(proxy: Proxy) -> None:
    client = await Client.of(proxy)

    assert await client.say(b"hello") == b"hello"

    assert proxy.passed == {Way.TO_SERVER: 5, Way.TO_CLIENT: 5}
    assert (proxy.accepted, proxy.chunks, proxy.cuts) == (1, 1, 0)


async def test_adds_latency_and_takes_it_away_again(proxy: Proxy) -> None:
    client = await Client.of(proxy)
    proxy.latency_s = QUICK_S
    started_at = time.monotonic()
    await client.say(b"slow")
    took_s = time.monotonic() - started_at
    proxy.heal()

    assert took_s >= QUICK_S
    assert await client.say(b"quick") == b"quick"
    assert proxy.latency_s == 0


async def test_a_cut_is_a_reset_of_every_connection(proxy: Proxy) -> None:
    connected = [await Client.of(proxy) for _ in range(3)]
    for client in connected:
        await client.say(b"x")

    assert proxy.cut_now() == 3

    for client in connected:
        with pytest.raises(ConnectionResetError):
            await client.hear(1)
    assert proxy.cuts == 3
    assert await (await Client.of(proxy)).say(b"again") == b"again"


@pytest.mark.parametrize(("way", "server_gets"), [(Way.TO_SERVER, 7), (Way.TO_CLIENT, 10)])
async def test_cuts_after_so_many_bytes_of_one_way(
    proxy: Proxy, way: Way, server_gets: int
) -> None:
    client = await Client.of(proxy)
    proxy.cut_after(7, way)

    client.writer.write(b"0123456789")
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await client.hear(10)

    assert len(b"".join(got)) == server_gets
    assert proxy.cuts == 1


async def test_a_chunk_is_cut_off_before_the_server_has_it(proxy: Proxy) -> None:
    client = await Client.of(proxy)
    await client.say(b"BEGIN")
    proxy.cut_at(lambda chunk: b"COMMIT" in chunk, 1, passed_on=False)

    client.writer.write(b"COMMIT")
    with pytest.raises(ConnectionResetError):
        await client.hear(1)

    assert got == [b"BEGIN"]
    assert await (await Client.of(proxy)).say(b"COMMIT") == b"COMMIT", "once, as asked"


async def test_a_chunk_is_passed_on_and_its_reply_is_not(proxy: Proxy) -> None:
    client = await Client.of(proxy)
    proxy.cut_at(lambda chunk: b"COMMIT" in chunk, 1, passed_on=True)

    client.writer.write(b"COMMIT")
    with pytest.raises(ConnectionResetError):
        await client.hear(1)

    assert got == [b"COMMIT"]
    assert proxy.cuts == 1


@pytest.mark.parametrize(("way", "server_gets"), [(Way.TO_SERVER, 0), (Way.TO_CLIENT, 4)])
async def test_a_black_hole_of_one_way_gives_back_what_it_held(
    proxy: Proxy, way: Way, server_gets: int
) -> None:
    client = await Client.of(proxy)
    proxy.blackhole(way)
    client.writer.write(b"gone")
    with pytest.raises(TimeoutError):
        await client.hear(4)

    assert len(b"".join(got)) == server_gets
    assert proxy.held == (1 if way is Way.TO_SERVER else 0)

    proxy.heal()
    client.writer.write(b"!")
    assert await client.hear(5) == b"gone!"


async def test_nothing_behind_it_ends_the_connection(proxy: Proxy) -> None:
    proxy.target = None
    client = await Client.of(proxy)

    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await client.hear(1)
