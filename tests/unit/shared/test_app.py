"""What no route should see is refused before it, and every refusal is a problem document."""

import json
from contextlib import suppress
from typing import Any, cast

import pytest
from fastapi import APIRouter, Request
from orders.settings import OrdersSettings
from pydantic import BaseModel
from shared.http.app import new_app
from shared.http.guards import BODY_BYTES_MAX, PATH_BYTES_MAX
from shared.http.ops import dead_letter_routes
from shared.messaging.broker import new_broker
from shared.observability import tracing
from shared.service import Running
from starlette.types import ASGIApp, Message

from tests.support.wiring import EXAMPLE_SETTINGS


class Note(BaseModel):
    text: str


@pytest.fixture(scope="module")
def app() -> ASGIApp:
    router = APIRouter()

    @router.post("/typed")
    async def typed(note: Note) -> int:
        return len(note.text)

    @router.post("/raw")
    async def raw(request: Request) -> int:
        return len(await request.body())

    @router.get("/shelves/{name:path}")
    async def read(name: str, also: str = "") -> str:
        return name + also

    @router.get("/bug")
    async def bug() -> None:
        raise ZeroDivisionError

    dead_letter_routes(router, {}, cast(Running, None))
    settings = OrdersSettings(**EXAMPLE_SETTINGS)
    return new_app("test", settings, [router], new_broker(["127.0.0.1:1"], None, "test"))


async def ask(
    app: ASGIApp, method: str, url: str, *chunks: bytes, length: int | None = None
) -> tuple[int, Any]:
    """Status and document; the body in ``chunks``, with its length only when that is given."""
    path, _, query = url.partition("?")
    headers = [(b"content-type", b"application/json")]
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    scope = {
        "type": "http",
        "method": method,
        "path": path.replace("%00", "\x00"),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": headers,
    }
    waiting = [{"type": "http.request", "body": one, "more_body": True} for one in chunks]
    waiting.append({"type": "http.request", "body": b""})
    sent: list[Message] = []

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    with suppress(ZeroDivisionError):  # Starlette answers, and then tells its server too.
        await app(scope, receive, send)
    return sent[0]["status"], json.loads(b"".join(one.get("body", b"") for one in sent))


@pytest.mark.parametrize("path", ["/typed", "/raw"])
@pytest.mark.parametrize("length", [None, BODY_BYTES_MAX + 1])
async def test_a_body_beyond_the_limit_is_refused_by_name(
    app: ASGIApp, path: str, length: int | None
) -> None:
    chunk = b"x" * (BODY_BYTES_MAX // 4)

    status, problem = await ask(app, "POST", path, *[chunk] * 5, length=length)

    assert (status, problem["type"]) == (413, "urn:problem:body-too-large")


async def test_a_body_at_the_limit_is_read(app: ASGIApp) -> None:
    assert await ask(app, "POST", "/raw", b"x" * BODY_BYTES_MAX) == (200, BODY_BYTES_MAX)


@pytest.mark.parametrize("url", ["/shelves/a%00b", "/shelves/a?also=%00", "/shelves/a?%00"])
async def test_a_url_with_nul_is_refused(app: ASGIApp, url: str) -> None:
    """PostgreSQL stores no NUL; whatever a route would look up by it is not there."""
    status, problem = await ask(app, "GET", url)

    assert (status, problem["type"]) == (400, "urn:problem:malformed-url")


async def test_a_path_no_index_takes_is_refused(app: ASGIApp) -> None:
    room = PATH_BYTES_MAX - len("/shelves/")

    assert await ask(app, "GET", "/shelves/" + "x" * room) == (200, "x" * room)
    status, problem = await ask(app, "GET", "/shelves/" + "x" * (room + 1))
    assert (status, problem["type"]) == (414, "urn:problem:url-too-long")


async def test_a_bug_is_answered_with_the_trace_that_helps_us(app: ASGIApp) -> None:
    tracing.set_up("test", "test-0", None)

    status, problem = await ask(app, "GET", "/bug")

    assert status == 500
    assert len(problem["trace_id"]) == 32


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("GET", f"/dead-letters/{2**63}", b""),
        ("GET", f"/dead-letters?after={2**63}", b""),
        ("POST", f"/dead-letters/{2**80}/redrive", b""),
        ("POST", "/dead-letters/1/discard", b'{"reason": "a\\u0000b"}'),
        ("POST", "/dead-letters/1/discard", b'{"reason": "a\\ud800b"}'),
        ("POST", "/dead-letters/1/discard", b'{"reason": "a", "\\ud800": 1}'),
    ],
)
async def test_what_no_column_holds_is_another_shape(
    app: ASGIApp, method: str, url: str, body: bytes
) -> None:
    status, problem = await ask(app, method, url, body)

    assert (status, problem["type"]) == (422, "urn:problem:validation-failed")
