"""The way out: one POST to a partner's address, bounded in time and size, never to ourselves."""

import asyncio
import ipaddress
import socket
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from notifications.partners.domain.attempts import Answer
from notifications.partners.domain.destination import (
    PORTS,
    Address,
    Destination,
    ForbiddenDestination,
    Network,
    destination_of,
    refuse_addresses,
)

CALL_TIMEOUT_S = 15.0
CONNECT_TIMEOUT_S = 5.0
# A status is the answer; its body is for the log, and nobody waits long for that.
BODY_TIMEOUT_S = 2.0
BODY_BYTES_MAX = 16 * 1024
HEAD_BYTES_MAX = 8 * 1024
LOGGED_CHARACTERS_MAX = 2_000
RESOLVE_TIMEOUT_S = 3.0
USER_AGENT = "orderproof-webhooks/1"


class Blocked(OSError):
    """The address is none that may be called; no packet was sent."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One attempt: the ``answer``, how long it took, and what of it the delivery log keeps."""

    answer: Answer
    duration_s: float
    head: str = ""
    body: str = ""


@dataclass
class Outward:
    """One session for all endpoints, opened by the first call; ``close`` it at the end."""

    connections_max: int
    networks: tuple[Network, ...] = ()
    call_timeout_s: float = CALL_TIMEOUT_S
    _session: aiohttp.ClientSession | None = field(default=None, repr=False)

    async def check(self, url: str) -> None:
        """Raises ``ForbiddenDestination`` when ``url`` may not be called, as it resolves now."""
        destination = destination_of(url)
        refuse_addresses(destination, await self._addresses_of(destination), self.networks)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Exchange:
        """Send ``body``; whatever happens is an ``Exchange``, redirects are not followed."""
        began = monotonic()
        try:
            await self._refuse(url)
            async with self._open().post(
                url, data=body, headers=headers, allow_redirects=False
            ) as response:
                head = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
                answer = Answer(response.status, retry_after=_retry_after(response))
                text = await _beginning_of(response)
            return Exchange(answer, monotonic() - began, _logged(head), _logged(text))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return Exchange(Answer(None, _name_of(error)), monotonic() - began)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _refuse(self, url: str) -> None:
        """What no connection's own check would see: literal addresses, plain http, odd ports."""
        destination = destination_of(url)
        if destination.address or destination.plain or destination.port not in PORTS:
            await self.check(url)

    async def _addresses_of(self, destination: Destination) -> list[Address]:
        if destination.address is not None:
            return [destination.address]
        try:
            async with asyncio.timeout(RESOLVE_TIMEOUT_S):
                return _addresses(await _resolve(destination.host, destination.port))
        except (OSError, TimeoutError, UnicodeError):
            raise ForbiddenDestination(f"{destination.host} does not resolve.") from None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=_connector(self.connections_max, self.networks),
                timeout=aiohttp.ClientTimeout(
                    total=self.call_timeout_s, sock_connect=CONNECT_TIMEOUT_S
                ),
                headers={"User-Agent": USER_AGENT, "Content-Type": "application/json"},
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                max_line_size=HEAD_BYTES_MAX,
                max_field_size=HEAD_BYTES_MAX,
                trust_env=False,
            )
        return self._session


def _connector(connections_max: int, networks: Collection[Network]) -> aiohttp.TCPConnector:
    """Addresses are checked when they are resolved, and again where their socket is made."""

    def checked(found: Any) -> socket.socket:
        family, kind, protocol, _, (host, port, *_) = found
        _refuse_any(host, port, [ipaddress.ip_address(host)], networks)
        return socket.socket(family, kind, protocol)

    return aiohttp.TCPConnector(
        limit=connections_max,
        resolver=_Checked(networks),
        use_dns_cache=False,
        socket_factory=checked,
        happy_eyeballs_delay=None,
    )


@dataclass
class _Checked(AbstractResolver):
    """The system's resolver, once per connection; one address that is not public spoils all."""

    networks: Collection[Network]

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await _resolve(host, port, family)
        _refuse_any(host, port, _addresses(found), self.networks)
        return found

    async def close(self) -> None:
        """Nothing is kept."""


def _refuse_any(
    host: str, port: int, addresses: Collection[Address], networks: Collection[Network]
) -> None:
    """By address and port: the rest of what the URL says was checked. Raises ``Blocked``."""
    try:
        refuse_addresses(Destination(host, port, None, plain=False), addresses, networks)
    except ForbiddenDestination as error:
        raise Blocked(f"{host}:{port}: {error}") from None


async def _resolve(
    host: str, port: int, family: socket.AddressFamily = socket.AF_UNSPEC
) -> list[ResolveResult]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
    return [
        ResolveResult(
            hostname=host,
            host=str(address[0]),
            port=port,
            family=kind,
            proto=protocol,
            flags=socket.AI_NUMERICHOST,
        )
        for kind, _, protocol, _, address in found
    ]


def _addresses(found: Collection[ResolveResult]) -> list[Address]:
    return [ipaddress.ip_address(one["host"].partition("%")[0]) for one in found]


async def _beginning_of(response: aiohttp.ClientResponse) -> str:
    """At most 16 KiB, and what came within two seconds; the rest is cut off with its connection."""
    raw = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            async for chunk in response.content.iter_any():
                raw += chunk
                if len(raw) > BODY_BYTES_MAX:
                    response.close()
                    break
    except (TimeoutError, aiohttp.ClientError):
        response.close()
    return bytes(raw[:BODY_BYTES_MAX]).decode(errors="replace")


def _retry_after(response: aiohttp.ClientResponse) -> timedelta | None:
    """Seconds or a date (RFC 9110, 10.2.3); anything else says nothing."""
    given = response.headers.get("Retry-After", "").strip()
    if given.isascii() and given.isdigit():
        return timedelta(seconds=min(int(given[:9]), 10**8))
    try:
        wait = parsedate_to_datetime(given) - datetime.now(UTC)
    except (ValueError, TypeError, OverflowError):
        return None
    return max(wait, timedelta())


def _logged(text: str) -> str:
    """As PostgreSQL can store it."""
    told = text[:LOGGED_CHARACTERS_MAX].encode(errors="replace").decode()
    return told.replace("\x00", "\ufffd")


def _name_of(error: Exception) -> str:
    """``blocked``, ``timeout``, or the kind of failure; a partner sees it in its delivery log."""
    if isinstance(error, Blocked | ForbiddenDestination) or isinstance(
        getattr(error, "os_error", None), Blocked
    ):
        return "blocked"
    if isinstance(error, TimeoutError):
        return "timeout"
    return type(error).__name__
