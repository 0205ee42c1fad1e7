"""The server cuts off what is too long before it is whole, and answers with a problem."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from shared.http import server as module
from shared.http.server import HEADERS_BYTES_MAX, URL_BYTES_MAX

from tests.support.in_process import app_of, served

LINES = b"Host: a\r\n"


@pytest.fixture(scope="module")
async def port() -> AsyncIterator[int]:
    """Orders without a database, on a port of its own."""
    async with served(app_of("orders")) as url:
        yield int(url.rpartition(":")[2])


async def exchange(port: int, *parts: bytes) -> tuple[int, dict[str, str], Any]:
    """What comes back for raw bytes, until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with suppress(ConnectionError):
        for part in parts:
            writer.write(part)
            await writer.drain()
    async with asyncio.timeout(10):
        raw = await reader.read()
    writer.close()
    head, _, body = raw.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    assert headers["content-type"] == "application/problem+json"
    return int(status.split()[1]), headers, json.loads(body)


def get(path: str, *headers: bytes) -> bytes:
    return b"GET %s HTTP/1.1\r\n%s%s\r\n" % (path.encode(), LINES, b"".join(headers))


CLOSE = b"Connection: close\r\n"


async def test_an_address_of_the_longest_length_is_read(port: int) -> None:
    path = "/v1/?".ljust(URL_BYTES_MAX, "a")

    assert (await exchange(port, get(path, CLOSE)))[0] == 404
    status, headers, problem = await exchange(port, get(path + "a"))
    assert (status, problem["type"]) == (414, "urn:problem:url-too-long")
    assert headers["connection"] == "close"


async def test_headers_of_the_longest_length_are_read(port: int) -> None:
    taken = len(LINES) + len(CLOSE) + len(b"a: \r\n")
    most = b"a: " + b"x" * (HEADERS_BYTES_MAX - taken) + b"\r\n"

    assert (await exchange(port, get("/v1/", CLOSE, most)))[0] == 404
    for more in ([most + b"b: 1\r\n"], [b"a: b\r\n" * 4000]):
        status, headers, problem = await exchange(port, get("/v1/", CLOSE, *more))
        assert (status, problem["type"]) == (431, "urn:problem:headers-too-large")
        assert headers["connection"] == "close"


async def test_a_head_that_never_ends_is_cut_off(port: int) -> None:
    endless = [b"x" * 4096] * 64

    start = b"GET / HTTP/1.1\r\na: "
    assert (await exchange(port, start, *endless))[0] == 431
    assert (await exchange(port, b"GET /", *endless))[0] == 414


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\na: b\x00c\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\na: b\r\n c\r\n\r\n",
    ],
)
async def test_what_is_no_request_is_answered_and_cut_off(port: int, raw: bytes) -> None:
    status, headers, problem = await exchange(port, raw)

    assert (status, problem["type"]) == (400, "urn:problem:malformed-request")
    assert headers["connection"] == "close"


async def test_nothing_tells_what_the_server_is_made_of(port: int) -> None:
    _, headers, _ = await exchange(port, get("/v1/", CLOSE))

    assert "server" not in headers


async def test_a_server_that_is_told_to_end_does_not_wait_for_its_tick(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "HTTP_TICK_S", 60.0)
    async with asyncio.timeout(10), served(app_of("orders")):
        pass
