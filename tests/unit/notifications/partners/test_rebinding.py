"""A name is checked as it resolves for each connection: no packet goes where it may not."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

import pytest
from notifications.partners.domain.destination import ForbiddenDestination
from notifications.partners.outward import Exchange, Outward

PUBLIC = "93.184.215.14"
# Nobody but this test listens at that address of loopback.
PRIVATE = "127.83.17.5"
PORT = 8443
LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
URL = f"https://partner.example:{PORT}/"


@dataclass
class Net:
    """Says what each look-up finds, the last for ever; connects to loopback alone, and counts."""

    answers: list[Sequence[str]] = field(default_factory=list)
    looked_up: int = 0
    tried: list[str] = field(default_factory=list)
    connects: int = 0

    async def getaddrinfo(self, _host: Any, port: Any, **_: Any) -> list[Any]:
        self.looked_up += 1
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [_found(one, port) for one in found]

    async def serve(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connects += 1
        writer.close()

    def resolve(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.tried.clear()


def _found(address: str, port: int) -> Any:
    if ":" in address:
        return (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port, 0, 0))
    return (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))


@pytest.fixture
async def net(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Net]:
    one, loop = Net(), asyncio.get_running_loop()
    server = await asyncio.start_server(one.serve, PRIVATE, PORT)
    real = loop.sock_connect

    async def sock_connect(sock: socket.socket, address: Any) -> None:
        one.tried.append(address[0])
        if not address[0].startswith("127."):
            raise ConnectionRefusedError(111, "not from a test")
        await real(sock, address)

    monkeypatch.setattr(loop, "getaddrinfo", one.getaddrinfo)
    monkeypatch.setattr(loop, "sock_connect", sock_connect)
    yield one
    monkeypatch.undo()
    server.close()
    await server.wait_closed()


@asynccontextmanager
async def way_out(*named: Any) -> AsyncIterator[Outward]:
    one = Outward(4, named, 2.0)
    try:
        yield one
    finally:
        await one.close()


async def post(url: str, *named: Any) -> Exchange:
    async with way_out(*named) as one:
        return await one.post(url, {}, b"{}")


BAD = [
    [PRIVATE],
    [PUBLIC, PRIVATE],
    [PRIVATE, PUBLIC],
    ["::1"],
    [PUBLIC, "::1"],
    ["::ffff:127.0.0.1"],
    ["::ffff:7f00:1"],
    ["fe80::1%2"],
    ["64:ff9b::7f00:1"],
    ["2002:7f00:1::"],
    ["0.0.0.0"],
    ["169.254.169.254"],
    ["10.0.0.1"],
    ["100.64.0.1"],
    ["192.168.1.1", PUBLIC],
]


@pytest.mark.parametrize("found", BAD, ids=" ".join)
async def test_a_name_that_leads_inside_is_blocked_without_a_packet(
    net: Net, found: list[str]
) -> None:
    net.resolve(found)
    exchange = await post(URL)

    assert (exchange.answer.status, exchange.answer.error) == (None, "blocked")
    assert (net.looked_up, net.tried, net.connects) == (1, [], 0)
    async with way_out() as one:
        with pytest.raises(ForbiddenDestination):
            await one.check(URL)
        assert net.tried == []


async def test_a_network_that_was_named_is_called(net: Net) -> None:
    net.resolve([PRIVATE])
    exchange = await post(URL, *LOOPBACK)

    assert exchange.answer.error not in (None, "blocked")
    assert (net.tried, net.connects) == ([PRIVATE], 1)


async def test_a_public_name_is_called(net: Net) -> None:
    net.resolve([PUBLIC])
    exchange = await post(URL)

    assert exchange.answer.error not in (None, "blocked")
    assert net.tried == [PUBLIC]


@pytest.mark.parametrize("found", BAD, ids=" ".join)
async def test_a_name_that_changes_after_it_was_checked_is_blocked(
    net: Net, found: list[str]
) -> None:
    net.resolve([PUBLIC], [PUBLIC], found)
    async with way_out() as one:
        await one.check(URL)
        await one.post(URL, {}, b"{}")
        assert net.tried == [PUBLIC]
        exchange = await one.post(URL, {}, b"{}")

    assert exchange.answer.error == "blocked"
    assert (net.looked_up, net.tried, net.connects) == (3, [PUBLIC], 0)


@pytest.mark.parametrize("found", ["10.0.0.1", "169.254.169.254", "::1", PUBLIC])
@pytest.mark.parametrize("url", ["http://partner.example/", "https://partner.example:9000/"])
async def test_a_name_that_leaves_the_named_network_between_check_and_call_is_blocked(
    net: Net, url: str, found: str
) -> None:
    net.resolve([PRIVATE], [found])
    exchange = await post(url, ip_network("127.0.0.0/8"))

    assert exchange.answer.error == "blocked"
    assert (net.looked_up, net.tried, net.connects) == (2, [], 0)


@pytest.mark.parametrize(
    "url",
    [
        f"https://{PRIVATE}:{PORT}/",
        f"http://{PRIVATE}:{PORT}/",
        f"https://[::ffff:{PRIVATE}]:{PORT}/",
        f"http://partner.example:{PORT}/",
        "http://partner.example/",
        "https://partner.example:22/",
        f"https://somebody@partner.example:{PORT}/",
        "file:///etc/passwd",
    ],
)
async def test_what_the_url_says_is_checked_at_each_call_too(net: Net, url: str) -> None:
    net.resolve([PUBLIC])
    exchange = await post(url)

    assert (exchange.answer.status, exchange.answer.error) == (None, "blocked")
    assert (net.tried, net.connects) == ([], 0)


@pytest.mark.parametrize(
    "host", ["a..example", "a" * 64 + ".example", ".".join(["abcdefgh"] * 40), "a" * 300]
)
async def test_a_name_that_cannot_be_one_is_refused(host: str) -> None:
    async with way_out() as one:
        with pytest.raises(ForbiddenDestination):
            await one.check(f"https://{host}/")
        exchange = await one.post(f"https://{host}/", {}, b"{}")
    assert exchange.answer.status is None
