"""Partners' receivers: one server that keeps the raw bytes and behaves as its paths say."""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

ANSWERS = {
    "ok": b"HTTP/1.1 204 No Content\r\n\r\n",
    "fail": b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\n\r\noops",
    "gone": b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n",
    "redirect": b"HTTP/1.1 301 Moved\r\nLocation: /ok/elsewhere\r\nContent-Length: 0\r\n\r\n",
    "busy": b"HTTP/1.1 429 Too Many\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n",
    "odd": b"HTTP/1.1 500 x\r\nX-Odd: caf\xe9 \xff\r\nContent-Length: 0\r\n\r\n",
    "late": b"HTTP/1.1 503 x\r\nRetry-After: Mon, 01 Jan 99999999999999999999 00:00:00 GMT\r\n"
    b"Content-Length: 0\r\n\r\n",
    "garbage": b"\x00\xff not http at all\r\n\r\n",
    "large": b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n" + b"x" * 100_000,
}
TAKEN = ("ok", "drip", "large", "slow", "echo")
DRIP_S = 0.2
SLOW_S = 0.03


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def event(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.body)
        return document

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Receivers:
    """``/<how>/<name>``: how it answers, and who it is; ``behave`` changes a name's ways."""

    port: int = 0
    connects: int = 0
    received: list[Received] = field(default_factory=list)
    by_name: dict[str, list[Received]] = field(default_factory=lambda: defaultdict(list))
    ways: dict[str, Callable[[Received], str]] = field(default_factory=dict)
    taken: dict[str, list[Received]] = field(default_factory=lambda: defaultdict(list))
    under_way: Counter[str] = field(default_factory=Counter)
    most_at_once: Counter[str] = field(default_factory=Counter)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def url(self, how: str, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/{how}/{name}"

    def behave(self, name: str, way: Callable[[Received], str]) -> None:
        """From now on ``way`` says how ``name`` answers each request."""
        self.ways[name] = way

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connects += 1
        self._writers.add(writer)
        try:
            while (request := await _request(reader)) is not None:
                how, name = request.path.strip("/").split("/")
                if way := self.ways.get(name):
                    how = way(request)
                self.received.append(request)
                self.by_name[name].append(request)
                if how in TAKEN:
                    self.taken[name].append(request)
                self.arrived.set()
                self.under_way[name] += 1
                self.most_at_once[name] = max(self.most_at_once[name], self.under_way[name])
                try:
                    if not await self._answer(how, reader, writer):
                        break
                finally:
                    self.under_way[name] -= 1
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(
        self, how: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Whether the connection may be used again."""
        if how == "hang":
            await reader.read()  # Until the other side has given up.
            return False
        if how == "echo":
            body = self.received[-1].body
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
            await writer.drain()
            return True
        if how == "slow":
            await asyncio.sleep(SLOW_S)
            how = "ok"
        if how == "drip":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            while not writer.is_closing():
                writer.write(b".")
                await writer.drain()
                await asyncio.sleep(DRIP_S)
            return False
        writer.write(ANSWERS[how])
        await writer.drain()
        return how not in ("garbage", "large")

    def close(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()


async def _request(reader: asyncio.StreamReader) -> Received | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(first.split(" ")[1], headers, body, monotonic())


@asynccontextmanager
async def receivers() -> AsyncIterator[Receivers]:
    """On a port of 127.0.0.1 of their own."""
    one = Receivers()
    server = await asyncio.start_server(one.serve, "127.0.0.1", 0, limit=2**20, backlog=2000)
    one.port = server.sockets[0].getsockname()[1]
    try:
        yield one
    finally:
        server.close()
        one.close()
        await server.wait_closed()
