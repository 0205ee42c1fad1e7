"""What stands before every route: requests that are too much, or hold what must not come in."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http.cardholder import header_holds_card, holds_card, may_hold_card
from shared.http.json_body import cardholder_data_refused
from shared.http.problem import Problem

BODY_BYTES_MAX = 256 * 1024
PATH_BYTES_MAX = 1024
CLOSE = {"Connection": "close"}
READING = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
OVERLOADED_RETRY_S = 1


class Limited:
    """Cuts a body off at ``bytes_max``, before anything reads it whole."""

    def __init__(self, app: ASGIApp, bytes_max: int = BODY_BYTES_MAX) -> None:
        self._app = app
        self._bytes_max = bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._bytes_max:
                # FastAPI lets no other error of a body through.
                raise HTTPException(413, _too_large(self._bytes_max), headers=CLOSE)
            return message

        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif _announced_bytes(scope) > self._bytes_max:
            await body_too_large(self._bytes_max).response()(scope, receive, send)
        else:
            await self._app(scope, counted, send)


def body_too_large(bytes_max: int = BODY_BYTES_MAX) -> Problem:
    """413; the connection ends, for the rest of the body is of no use."""
    return Problem(413, "body-too-large", _too_large(bytes_max), headers=CLOSE)


def _too_large(bytes_max: int) -> str:
    return f"The limit is {bytes_max} bytes."


def _announced_bytes(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0


class Guarded:
    """Refuses paths, queries and headers with what cannot be stored or must not come here."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = refusal_of(scope) if scope["type"] == "http" else None
        if refused is None:
            await self._app(scope, receive, send)
        else:
            await refused.response()(scope, receive, send)


def refusal_of(scope: Scope) -> Problem | None:
    """PostgreSQL stores no NUL, and indexes no path without end; nobody stores a card's number."""
    path, query = scope["path"], scope["query_string"]
    if "\x00" in path or b"%00" in query:
        return Problem(400, "malformed-url", "The URL holds NUL.")
    if len(path.encode()) > PATH_BYTES_MAX:
        detail = f"The limit of a path is {PATH_BYTES_MAX} bytes."
        return Problem(414, "url-too-long", detail)
    asked = path.encode() + b"?" + query
    if may_hold_card(asked) and holds_card(asked.decode(errors="replace")):
        return cardholder_data_refused(("path",))
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    if may_hold_card(b"\n".join([value for _, value in headers])) and any(
        header_holds_card(name, value) for name, value in headers
    ):
        return cardholder_data_refused(("headers",))
    return None


class Bounded:
    """Answers 503 at once when ``writes_max`` requests that write are at work already.

    Reading is not counted: those who wait for an outcome hold no connection.
    """

    def __init__(self, app: ASGIApp, writes_max: int) -> None:
        self._app = app
        self._writes_max = writes_max
        self._writes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in READING:
            await self._app(scope, receive, send)
            return
        if self._writes >= self._writes_max:
            await overloaded().response()(scope, receive, send)
            return
        self._writes += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._writes -= 1


def overloaded() -> Problem:
    return Problem(
        503,
        "overloaded",
        "As many requests as may be are at work; nothing was done.",
        headers={"Retry-After": str(OVERLOADED_RETRY_S)},
    )
