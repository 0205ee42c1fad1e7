"""Who may come in: on this machine everybody, from elsewhere who knows the key."""

import base64
import binascii
import hmac
from collections.abc import Mapping

from shared.http.problem import Problem
from starlette.types import ASGIApp, Receive, Scope, Send

from console.settings import ConsoleSettings

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
NOBODY_IN_PARTICULAR = "local"
OPEN = ("/health/",)
CHALLENGE = {"WWW-Authenticate": 'Basic realm="orderproof", charset="UTF-8"'}
READING = frozenset({"GET", "HEAD"})
OPERATOR_LENGTH_MAX = 100


class LetIn:
    """HTTP Basic (RFC 7617): any name, the key as password; the name is the operator's.

    Another site's page may reach a console on this machine through the browser of whoever reads
    it. So the name it was asked by must be one of ours, and an action must come from its own page.
    """

    def __init__(self, app: ASGIApp, settings: ConsoleSettings) -> None:
        self._app = app
        self._key = settings.access_key
        self._names = None if settings.access_key else LOOPBACK | {*settings.host_names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(OPEN):
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): raw.decode("latin-1") for name, raw in scope["headers"]}
        operator = self._operator(headers.get("authorization", ""))
        refused = self._refusal(scope, headers, operator)
        if refused is not None:
            await refused.response()(scope, receive, send)
            return
        scope["operator"] = operator
        await self._app(scope, receive, send)

    def _operator(self, authorization: str) -> str | None:
        """The name of whoever asks; None when the key is not the right one."""
        if self._key is None:
            return NOBODY_IN_PARTICULAR
        scheme, _, given = authorization.partition(" ")
        try:
            pair = base64.b64decode(given, validate=True).decode() if scheme == "Basic" else ""
        except (binascii.Error, ValueError):
            return None
        name, _, password = pair.partition(":")
        is_right = hmac.compare_digest(password.encode(), self._key.encode())
        printable = name.isprintable() and name.isascii()
        return name[:OPERATOR_LENGTH_MAX] if is_right and name and printable else None

    def _refusal(
        self, scope: Scope, headers: Mapping[str, str], operator: str | None
    ) -> Problem | None:
        host = headers.get("host", "")
        if self._names is not None and _name_in(host) not in self._names:
            return Problem(421, "wrong-host", f"This console is not {host[:100]!r}.")
        if operator is None:
            return Problem(401, "key-needed", "Your name and the key.", headers=CHALLENGE)
        if scope["method"] not in READING and not _from_own_page(headers, host):
            return Problem(403, "foreign-page", "Actions come from the console's own pages.")
        return None


def _name_in(host: str) -> str:
    """The name of a Host header (RFC 9110, 7.2), without its port."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() else host


def _from_own_page(headers: Mapping[str, str], host: str) -> bool:
    """Fetch Metadata and RFC 6454: a program sends neither and is nobody's browser."""
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return False
    origin = headers.get("origin")
    return origin is None or origin.partition("://")[2] == host
