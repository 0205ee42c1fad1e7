"""Orders by HTTP over kept connections, with as little work for each as a generator can do."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

from httptools import HttpResponseParser

from tests.bench.orders import Order

CREATED = 201
CONNECTIONS_MAX = 400

# Reference, status, and when the answer was complete; status 0 when the connection was lost.
Answered = Callable[[str, int, float], None]


class Connection(asyncio.Protocol):
    """One request at a time; ``free`` is called once its answer is there."""

    def __init__(self, answered: Answered, free: "Callable[[Connection], None]") -> None:
        self._answered = answered
        self._free = free
        self._reference = ""
        self._parser = HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None

    def ask(self, request: bytes, reference: str) -> None:
        assert self._transport is not None
        self._reference = reference
        self._parser = HttpResponseParser(self)
        self._transport.write(request)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # No assertion: uvloop's transports are not of asyncio's classes.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._reference:
            self._end(0)

    def on_message_complete(self) -> None:
        """Called by the parser."""
        self._end(self._parser.get_status_code())

    def _end(self, status: int) -> None:
        reference, self._reference = self._reference, ""
        self._answered(reference, status, time.monotonic())
        self._free(self)


@dataclass
class HttpDoor:
    """Waits for a free connection when all are busy; that time is part of the latency."""

    url: str
    answered: Answered
    _idle: list[Connection] = field(default_factory=list)
    _waiting: "deque[tuple[bytes, str]]" = field(default_factory=deque)
    _opening: set[asyncio.Task[None]] = field(default_factory=set)
    _count: int = 0

    async def open(self, connections: int = 8) -> None:
        """Some connections before the first order."""
        self._count += connections
        await asyncio.gather(*(self._open() for _ in range(connections)))

    def place(self, order: Order, scheduled_at: float) -> None:
        request = self._request(order)
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                connection.ask(request, order.reference)
                return
            self._count -= 1
        self._waiting.append((request, order.reference))
        if self._count < CONNECTIONS_MAX:
            self._count += 1
            task = asyncio.create_task(self._open())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def close(self) -> None:
        for connection in self._idle:
            connection.close()

    async def _open(self) -> None:
        host, _, port = urlsplit(self.url).netloc.partition(":")
        made = Connection(self.answered, self._free)
        try:
            await asyncio.get_running_loop().create_connection(lambda: made, host, int(port))
        except OSError:
            self._count -= 1
            if self._waiting:
                _, reference = self._waiting.popleft()
                self.answered(reference, 0, time.monotonic())
            return
        self._free(made)

    def _free(self, connection: Connection) -> None:
        if not connection.is_open:
            self._count -= 1
        elif self._waiting:
            connection.ask(*self._waiting.popleft())
        else:
            self._idle.append(connection)

    def _request(self, order: Order) -> bytes:
        head = (
            f"POST /v1/orders HTTP/1.1\r\nHost: {urlsplit(self.url).netloc}\r\n"
            f"Content-Type: application/json\r\nIdempotency-Key: {order.reference}\r\n"
            f"Content-Length: {len(order.body)}\r\n\r\n"
        )
        return head.encode() + order.body
