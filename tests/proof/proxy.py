"""A TCP proxy of the suite: slows, cuts and swallows what passes, and counts it for witnesses."""

import asyncio
import contextlib
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from local_runtime.ports import HOST

from tests.support.waiting import pause

CHUNK_BYTES = 64 * 1024
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: on, for no time.


class Way(StrEnum):
    """Which way bytes go."""

    TO_SERVER = "to server"
    TO_CLIENT = "to client"


class Cut(Exception):
    """The connection is to be reset now."""


Sniff = Callable[[bytes], bool]


@dataclass(eq=False)
class Link:
    """One connection: the client's streams and the server's."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    marked: bool = False

    def reset(self) -> None:
        """Both ends get a reset instead of an orderly end."""
        for writer in (self.client, self.server):
            connected: socket.socket = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            writer.transport.abort()


@dataclass
class Proxy:
    """Listens on ``port``; ``target`` is the server's port, None while nothing is behind it.

    ``latency_s`` is added to every chunk to the server. Counted are bytes ``passed`` each way,
    ``chunks`` to the server, those ``held`` by a black hole, connections ``accepted``, and
    ``cuts``: those reset.
    """

    port: int
    target: int | None = None
    latency_s: float = 0.0
    chunks: int = 0
    held: int = 0
    accepted: int = 0
    cuts: int = 0
    passed: Counter[Way] = field(default_factory=Counter)
    _links: set[Link] = field(default_factory=set)
    _open: dict[Way, asyncio.Event] = field(
        default_factory=lambda: {way: asyncio.Event() for way in Way}
    )
    _budget: dict[Way, int] = field(default_factory=dict)
    _before: Sniff | None = None
    _after: Sniff | None = None
    _left: int = 0

    def cut_now(self) -> int:
        """Reset every connection; gives how many there were."""
        count = len(self._links)
        for link in tuple(self._links):
            self._cut(link)
        return count

    def cut_after(self, count_bytes: int, way: Way) -> None:
        """Reset the connection on which so many more bytes in all have gone this way."""
        self._budget[way] = count_bytes

    def cut_at(self, sniff: Sniff, times: int, *, passed_on: bool) -> None:
        """Reset where ``sniff`` knows a chunk to the server, ``times`` over.

        Passed on, the server gets the chunk and the reset comes in place of its reply.
        """
        self._before, self._after = (None, sniff) if passed_on else (sniff, None)
        self._left = times

    @property
    def cuts_left(self) -> int:
        """How often ``cut_at`` has still to do it."""
        return self._left

    def blackhole(self, *ways: Way) -> None:
        """Nothing passes these ways, or any; connections stay, as with a dead link."""
        for way in ways or tuple(Way):
            self._open[way].clear()

    def heal(self) -> None:
        """No fault any more; what was held back goes on its way."""
        self.latency_s, self._left = 0.0, 0
        self._before = self._after = None
        self._budget.clear()
        for gate in self._open.values():
            gate.set()

    async def serve(
        self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter
    ) -> None:
        """One connection, until either end closes it."""
        self.accepted += 1
        try:
            assert self.target is not None
            from_server, to_server = await asyncio.open_connection(HOST, self.target)
        except (AssertionError, OSError):
            to_client.transport.abort()
            return
        link = Link(to_client, to_server)
        self._links.add(link)
        pumps = (
            asyncio.create_task(self._pump(link, from_client, to_server, Way.TO_SERVER)),
            asyncio.create_task(self._pump(link, from_server, to_client, Way.TO_CLIENT)),
        )
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            self._links.discard(link)
            for writer in (to_client, to_server):
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()

    async def _pump(
        self, link: Link, source: asyncio.StreamReader, sink: asyncio.StreamWriter, way: Way
    ) -> None:
        with contextlib.suppress(OSError):
            try:
                while chunk := await source.read(CHUNK_BYTES):
                    await self._pass(link, chunk, sink, way)
            except Cut:
                self._cut(link)

    async def _pass(self, link: Link, chunk: bytes, sink: asyncio.StreamWriter, way: Way) -> None:
        gate = self._open[way]
        self.held += way is Way.TO_SERVER and not gate.is_set()
        await gate.wait()
        if way is Way.TO_SERVER:
            if self.latency_s:
                await pause(self.latency_s)
            self.chunks += 1
            self._sniff(link, chunk)
        elif link.marked:
            raise Cut
        left = self._budget.get(way)
        sink.write(chunk if left is None else chunk[:left])
        self.passed[way] += len(chunk)
        await sink.drain()
        if left is not None:
            self._budget[way] = left - len(chunk)
            if left <= len(chunk):
                del self._budget[way]
                raise Cut

    def _sniff(self, link: Link, chunk: bytes) -> None:
        if self._left <= 0:
            return
        if self._before is not None and self._before(chunk):
            self._left -= 1
            raise Cut
        if self._after is not None and self._after(chunk):
            self._left -= 1
            link.marked = True

    def _cut(self, link: Link) -> None:
        self._links.discard(link)
        self.cuts += 1
        link.reset()


@asynccontextmanager
async def a_proxy(port: int, target: int | None = None) -> AsyncIterator[Proxy]:
    """A proxy that listens for as long as the block lasts."""
    proxy = Proxy(port, target)
    proxy.heal()
    server = await asyncio.start_server(proxy.serve, HOST, port)
    try:
        yield proxy
    finally:
        server.close()
        proxy.cut_now()
        await server.wait_closed()
