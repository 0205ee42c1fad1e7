"""The HTTP/1.1 server: a request's head has limits that hold before it is whole."""

import asyncio
import contextlib
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from shared.http.problem import Problem
from shared.settings import ServiceSettings

URL_BYTES_MAX = 8 * 1024
HEADERS_BYTES_MAX = 16 * 1024
STOP_TIMEOUT_S = 2
LINGER_S = 1
HTTP_TICK_S = 1.0


class HeadTooLong(Exception):
    """Ends the parsing of a request; its ``problem`` is the answer."""


class LimitedHttp(HttpToolsProtocol):
    """Uvicorn's parser has no limits of its own: a head could grow until memory ends."""

    _in_head = False
    _head_bytes = 0
    _lingers = False
    _refusal: Problem | None = None

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > URL_BYTES_MAX:
            self._refuse(414, "url-too-long", f"The limit is {URL_BYTES_MAX} bytes.")

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._count(len(name) + len(value) + len(b": \r\n"))

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """A header that never ends is never given to ``on_header``: count what it came in."""
        if self._lingers:
            return
        goes_on = self._in_head
        super().data_received(data)
        if goes_on and self._in_head and not self.transport.is_closing():
            with contextlib.suppress(HeadTooLong):
                self._count(len(data))
            if self._refusal is not None:
                self.send_400_response("")

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002
        """Whatever could not be parsed is answered by a problem document, and that was all.

        What still comes is read and dropped for a moment: closing with bytes unread resets the
        connection, and the client may never see why.
        """
        refusal = self._refusal or Problem(400, "malformed-request", "This is no HTTP request.")
        response = refusal.response()
        head = [(b"connection", b"close"), *response.raw_headers]
        lines = [name + b": " + value + b"\r\n" for name, value in head]
        status = STATUS_LINE[response.status_code]
        self.transport.write(status + b"".join(lines) + b"\r\n" + bytes(response.body))
        self.transport.write_eof()
        self._lingers = True
        self.loop.call_later(LINGER_S, self.transport.close)

    def _count(self, head_bytes: int) -> None:
        self._head_bytes += head_bytes
        if self._head_bytes > HEADERS_BYTES_MAX:
            detail = f"The limit of all headers is {HEADERS_BYTES_MAX} bytes."
            self._refuse(431, "headers-too-large", detail)

    def _refuse(self, status: int, name: str, detail: str) -> None:
        self._refusal = Problem(status, name, detail)
        raise HeadTooLong(name)


class Server(uvicorn.Server):
    """Uvicorn without its signal handlers, for the process has its own, and with a slower tick."""

    def __init__(self, config: uvicorn.Config) -> None:
        self._ending = asyncio.Event()
        super().__init__(config)

    @property
    def should_exit(self) -> bool:
        return self._ending.is_set()

    @should_exit.setter
    def should_exit(self, ends: bool) -> None:
        if ends:
            self._ending.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        """Set the Date header, which tells seconds, until the end is told."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HTTP_TICK_S):
                    await self._ending.wait()


def new_server(app: ASGIApp, settings: ServiceSettings) -> Server:
    """A server that tells nothing of what it is made of."""
    return Server(
        uvicorn.Config(
            app,
            settings.http_host,
            settings.http_port,
            http=LimitedHttp,
            ws="none",
            access_log=False,
            log_config=None,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=STOP_TIMEOUT_S,
        )
    )
