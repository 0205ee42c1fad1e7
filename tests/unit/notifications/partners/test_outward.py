"""One POST outward: bounded in time and bytes, whatever the other side does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_network
from pathlib import Path

import pytest
from notifications.partners import outward as outward_module
from notifications.partners.outward import BODY_BYTES_MAX, LOGGED_CHARACTERS_MAX, Exchange, Outward

LOOPBACK = (ip_network("127.0.0.0/8"),)
BODY = b'{"id":"evt_1"}'
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Listener:
    """A server on loopback that counts who connects and keeps what they say."""

    def __init__(self, answer: bytes | Serve) -> None:
        self.answer = answer
        self.connects = 0
        self.heads: list[bytes] = []
        self.port = 0
        self.sent = 0
        self._writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connects += 1
        self._writers.append(writer)
        try:
            self.heads.append(await reader.readuntil(b"\r\n\r\n"))
            await reader.readexactly(len(BODY))
            if callable(self.answer):
                await self.answer(reader, writer)
            else:
                writer.write(self.answer)
                await writer.drain()
                await reader.read()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def flood(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Ten gigabytes, or as much of it as is taken."""
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
        while self.sent < 10**10:
            writer.write(b"x" * 65_536)
            await writer.drain()
            self.sent += 65_536

    def close(self) -> None:
        for writer in self._writers:
            writer.transport.abort()


@asynccontextmanager
async def listening(answer: bytes | Serve = b"HTTP/1.1 204 x\r\n\r\n") -> AsyncIterator[Listener]:
    listener = Listener(answer)
    server = await asyncio.start_server(listener.serve, "127.0.0.1", 0)
    listener.port = server.sockets[0].getsockname()[1]
    try:
        yield listener
    finally:
        server.close()
        listener.close()
        await server.wait_closed()


async def post(url: str, *, timeout_s: float = 2.0) -> Exchange:
    one = Outward(4, LOOPBACK, timeout_s)
    try:
        return await one.post(url, {"webhook-id": "evt_1"}, BODY)
    finally:
        await one.close()


async def answered(answer: bytes | Serve, *, timeout_s: float = 2.0) -> Exchange:
    async with listening(answer) as listener:
        return await post(f"http://127.0.0.1:{listener.port}/", timeout_s=timeout_s)


async def forever(_: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


def dripping(head: bytes) -> Serve:
    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for part in (head, *[b"x"] * 10_000):
            writer.write(part)
            await writer.drain()
            waiting = asyncio.Event()
            asyncio.get_running_loop().call_later(0.02, waiting.set)
            await waiting.wait()

    return drip


async def test_what_is_answered_is_told_with_its_beginning() -> None:
    reply = b"HTTP/1.1 422 No\r\nX-One: 1\r\nContent-Length: 4\r\n\r\noops"
    async with listening(reply) as listener:
        exchange = await post(f"http://127.0.0.1:{listener.port}/hooks?x=1")

    assert exchange.answer.status == 422
    assert not exchange.answer.received
    assert (exchange.head, exchange.body) == ("X-One: 1\nContent-Length: 4", "oops")
    [head] = listener.heads
    assert head.startswith(b"POST /hooks?x=1 HTTP/1.1\r\n")
    assert b"webhook-id: evt_1\r\n" in head
    assert b"Content-Type: application/json\r\n" in head


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_a_failure_and_nobody_goes_there(status: int) -> None:
    async with listening() as elsewhere:
        place = f"http://127.0.0.1:{elsewhere.port}/"
        reply = f"HTTP/1.1 {status} x\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n"
        exchange = await answered(reply.encode())

    assert exchange.answer.status == status
    assert not exchange.answer.received
    assert elsewhere.connects == 0


async def test_of_ten_gigabytes_a_few_are_looked_at_and_the_connection_is_cut() -> None:
    async with listening() as listener:
        listener.answer = listener.flood
        exchange = await post(f"http://127.0.0.1:{listener.port}/")

    assert exchange.answer.received
    assert exchange.body == "x" * LOGGED_CHARACTERS_MAX
    assert BODY_BYTES_MAX == 16 * 1024
    assert exchange.duration_s < 1
    assert listener.sent < 50_000_000


async def test_a_dripping_body_is_an_answer_that_nobody_waits_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outward_module, "BODY_TIMEOUT_S", 0.1)
    exchange = await answered(dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n"))

    assert exchange.answer.received
    assert exchange.duration_s < 1


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nX-"])
async def test_a_head_that_never_ends_is_a_timeout(head: bytes) -> None:
    exchange = await answered(dripping(head) if head else forever, timeout_s=0.2)

    assert (exchange.answer.status, exchange.answer.error) == (None, "timeout")
    assert exchange.duration_s < 1


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"\x00\xff not http at all\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200000 OK\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n"[:12],
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
    ],
)
async def test_garbage_is_an_error_and_no_answer(reply: bytes) -> None:
    async def say_and_close(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(reply)
        await writer.drain()

    exchange = await answered(say_and_close)
    assert exchange.answer.status is None
    assert exchange.answer.error
    assert not exchange.answer.received


async def test_nobody_there_is_an_error() -> None:
    async with listening() as listener:
        port = listener.port
    exchange = await post(f"http://127.0.0.1:{port}/")

    assert exchange.answer.error == "ClientConnectorError"


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nX-Odd: caf\xe9 \xff\xfe\r\nContent-Length: 3\r\n\r\n\xff\x00\xfe",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nSet-Cookie: \xff=;;;=\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: x/\xff; charset=\xff\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_what_is_told_of_an_answer_can_be_stored_in_postgresql(reply: bytes) -> None:
    exchange = await answered(reply)

    assert exchange.answer.received
    for text in (exchange.head, exchange.body):
        assert "\x00" not in text
        text.encode()


@pytest.mark.parametrize(
    ("given", "least_s", "most_s"),
    [
        ("120", 120, 120),
        (" 0 ", 0, 0),
        ("9" * 100, 10**8, 10**8),
        (format_datetime(datetime(2020, 1, 1, tzinfo=UTC), usegmt=True), 0, 0),
    ],
)
async def test_retry_after_is_seconds_or_a_date(given: str, least_s: int, most_s: int) -> None:
    exchange = await answered(_busy(given))

    assert exchange.answer.retry_after is not None
    assert timedelta(seconds=least_s) <= exchange.answer.retry_after <= timedelta(seconds=most_s)


async def test_retry_after_is_counted_from_now_to_a_date() -> None:
    asked = datetime.now(UTC) + timedelta(hours=1)
    exchange = await answered(_busy(format_datetime(asked, usegmt=True)))

    assert exchange.answer.retry_after is not None
    assert timedelta(minutes=55) <= exchange.answer.retry_after <= timedelta(hours=1)


@pytest.mark.parametrize(
    "given",
    [
        "",
        "soon",
        "-1",
        "1.5",
        "1e9",
        "Mon, 99 Jan 2027 00:00:00 GMT",
        "Mon, 01 Jan 99999999 00:00:00 GMT",
        f"Mon, 01 Jan {10**30} 00:00:00 GMT",
        f"Mon, {10**30} Jan 2027 00:00:00 GMT",
        f"Mon, 01 Jan 2027 00:00:00 +{10**30}",
        "Mon, 01 Jan 2027 00:00:00 -0000",
        "Mon, 01 Jan 2027 00:00:00",
        "9" * 5000 + ":",
    ],
)
async def test_any_other_retry_after_says_nothing(given: str) -> None:
    exchange = await answered(_busy(given))

    assert exchange.answer.status == 429
    assert exchange.answer.retry_after is None


def _busy(retry_after: str) -> bytes:
    head = f"HTTP/1.1 429 x\r\nRetry-After: {retry_after}\r\nContent-Length: 0\r\n\r\n"
    return head.encode()


async def test_neither_proxies_nor_passwords_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password hidden\n")
    monkeypatch.setenv("NETRC", str(netrc))
    async with listening() as proxy, listening() as partner:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            for variable in (name, name.lower()):
                monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        exchange = await post(f"http://127.0.0.1:{partner.port}/")

    assert exchange.answer.received
    assert (proxy.connects, partner.connects) == (0, 1)
    assert b"authorization" not in partner.heads[0].lower()


async def test_cookies_are_not_kept_from_one_partner_to_the_next() -> None:
    cookie = b"Set-Cookie: a=b; Path=/\r\nConnection: close\r\nContent-Length: 0"
    reply = b"HTTP/1.1 200 OK\r\n" + cookie + b"\r\n\r\n"
    one = Outward(4, LOOPBACK)
    async with listening(reply) as listener:
        for _ in range(2):
            await one.post(f"http://127.0.0.1:{listener.port}/", {}, BODY)
        await one.close()

    assert len(listener.heads) == 2
    assert b"cookie" not in listener.heads[1].lower()
