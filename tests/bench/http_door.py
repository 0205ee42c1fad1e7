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

# What says that the same request under its key may be sent again, as is one without an answer.
AGAIN = frozenset({409, 429, 503})
AGAIN_AFTER_S = 1.0
TRIES_MAX = 10

# Reference, status, and when the answer was complete; status 0 when the connection was lost.
Answered = Callable[[str, int, float], None]


@dataclass
class Asked:
    """A request; asked for again under its key it is still one order."""

    request: bytes
    reference: str
    tries: int = 0


Lost = Callable[[Asked | None], None]


class Connection(asyncio.Protocol):
    """One request at a time: ``answered`` is called with its answer, or ``lost`` without one."""

    def __init__(self, answered: "Callable[[Connection, Asked, int], None]", lost: Lost) -> None:
        self._answered = answered
        self._lost = lost
        self._asked: Asked | None = None
        self._parser = HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None

    def ask(self, asked: "Asked") -> None:
        assert self._transport is not None
        self._asked = asked
        self._parser = HttpResponseParser(self)
        self._transport.write(asked.request)

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
        self._lost(self._asked)

    def on_message_complete(self) -> None:
        """Called by the parser."""
        asked, self._asked = self._asked, None
        if asked is not None:
            self._answered(self, asked, self._parser.get_status_code())


@dataclass
class HttpDoor:
    """Waits for a free connection when all are busy, and asks again when it is told to.

    That time is part of the latency. ``told_again`` counts how often it was told to.
    """

    url: str
    answered: Answered
    told_again: int = 0
    _idle: list[Connection] = field(default_factory=list)
    _waiting: "deque[Asked]" = field(default_factory=deque)
    _opening: set[asyncio.Task[None]] = field(default_factory=set)
    _count: int = 0

    async def open(self, connections: int = 8) -> None:
        """Some connections before the first order."""
        self._count += connections
        await asyncio.gather(*(self._open() for _ in range(connections)))

    def place(self, order: Order, scheduled_at: float) -> None:
        self._ask(Asked(self._request(order), order.reference))

    async def close(self) -> None:
        for connection in self._idle:
            connection.close()

    def _ask(self, asked: Asked) -> None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                connection.ask(asked)
                return
        self._waiting.append(asked)
        if self._count < CONNECTIONS_MAX:
            self._count += 1
            task = asyncio.create_task(self._open())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _open(self) -> None:
        host, _, port = urlsplit(self.url).netloc.partition(":")
        made = Connection(self._heard, self._lost)
        try:
            await asyncio.get_running_loop().create_connection(lambda: made, host, int(port))
        except OSError:
            self._lost(self._waiting.popleft() if self._waiting else None)
        else:
            self._free(made)

    def _heard(self, connection: Connection, asked: Asked, status: int) -> None:
        self._free(connection)
        if status in AGAIN and asked.tries < TRIES_MAX:
            self.told_again += 1
            asked.tries += 1
            asyncio.get_running_loop().call_later(AGAIN_AFTER_S, self._ask, asked)
        else:
            self.answered(asked.reference, status, time.monotonic())

    def _free(self, connection: Connection) -> None:
        if self._waiting and connection.is_open:
            connection.ask(self._waiting.popleft())
        else:
            self._idle.append(connection)

    def _lost(self, asked: Asked | None) -> None:
        """A connection is gone, with a request on it or without."""
        self._count -= 1
        if asked is None:
            return
        asked.tries += 1
        if asked.tries < TRIES_MAX:
            self._ask(asked)
        else:
            self.answered(asked.reference, 0, time.monotonic())

    def _request(self, order: Order) -> bytes:
        head = (
            f"POST /v1/orders HTTP/1.1\r\nHost: {urlsplit(self.url).netloc}\r\n"
            f"Content-Type: application/json\r\nIdempotency-Key: {order.reference}\r\n"
            f"Content-Length: {len(order.body)}\r\n\r\n"
        )
        return head.encode() + order.body
