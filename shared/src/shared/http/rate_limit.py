"""How often one client may ask (IETF draft-ietf-httpapi-ratelimit-headers), per process."""

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_network
from time import monotonic

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http.problem import Problem

WINDOW_S = 60
CLIENTS_MAX = 10_000
LIMITED = "/v1/"
UNKNOWN_CLIENT = "unknown"


@dataclass(frozen=True, slots=True)
class Standing:
    """``remaining`` requests may come at once; in ``full_s`` seconds all of them may again."""

    allowed: bool
    remaining: int
    full_s: int
    retry_s: int


class Quotas:
    """The generic cell rate algorithm (ITU-T I.371): one number for each client.

    At most ``clients_max`` clients are remembered; the one unheard of for longest is forgiven.
    """

    def __init__(self, requests_max: int, clients_max: int = CLIENTS_MAX) -> None:
        self._requests_max = requests_max
        self._clients_max = clients_max
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def take(self, client: str, now: float) -> Standing:
        """Count a request of ``client`` at ``now``, in seconds, if it is allowed."""
        per_request = WINDOW_S / self._requests_max
        full_at = max(self._full_at.get(client, now), now) + per_request
        over = full_at - now - WINDOW_S
        allowed = over <= per_request * 1e-6
        if allowed:
            self._remember(client, full_at)
        else:
            full_at -= per_request
        remaining = int((now + WINDOW_S - full_at) / per_request + 1e-6)
        return Standing(allowed, remaining, math.ceil(full_at - now), max(1, math.ceil(over)))

    def _remember(self, client: str, full_at: float) -> None:
        self._full_at[client] = full_at
        self._full_at.move_to_end(client)
        if len(self._full_at) > self._clients_max:
            self._full_at.popitem(last=False)


class RateLimited:
    """429 ``rate-limited`` above ``requests_max`` per ``WINDOW_S`` and client address."""

    def __init__(
        self, app: ASGIApp, requests_max: int, clock: Callable[[], float] = monotonic
    ) -> None:
        self._app = app
        self._quotas = Quotas(requests_max)
        self._policy = f'"default";q={requests_max};w={WINDOW_S}'
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(LIMITED):
            await self._app(scope, receive, send)
            return
        standing = self._quotas.take(client_of(scope), self._clock())

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["RateLimit-Policy"] = self._policy
                headers["RateLimit"] = f'"default";r={standing.remaining};t={standing.full_s}'
            await send(message)

        if standing.allowed:
            await self._app(scope, receive, told)
        else:
            await rate_limited(standing.retry_s).response()(scope, receive, told)


def client_of(scope: Scope) -> str:
    """The client's address; of IPv6 the network of 64 bits, which one client has to itself."""
    address: str = (scope.get("client") or (UNKNOWN_CLIENT, 0))[0]
    if ":" not in address:
        return address
    try:
        return str(ip_network((IPv6Address(address.partition("%")[0]), 64), strict=False))
    except ValueError:
        return address


def rate_limited(retry_s: int) -> Problem:
    return Problem(
        429,
        "rate-limited",
        "This client asks too often.",
        headers={"Retry-After": str(retry_s)},
    )
