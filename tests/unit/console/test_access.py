"""Who may come in: on this machine everybody, from elsewhere who knows the key."""

import base64
from typing import Any

import pytest
from console.backends import Backends
from console.board import Board
from console.routes import routes
from console.settings import ConsoleSettings
from console.streams import Streams
from pydantic import ValidationError
from starlette.routing import Route

from tests.support.in_process import app_of, client_of
from tests.support.wiring import EXAMPLE_SETTINGS

KEY = "a key of sixteen and more"
ELSEWHERE: dict[str, Any] = {"http_host": "0.0.0.0", "access_key": KEY}
LOCAL = {"Host": "127.0.0.1:8000"}
ICON = "/static/icon.svg"


async def status(method: str, path: str, headers: dict[str, str], **settings: Any) -> int:
    async with client_of(app_of("console", **settings)) as client:
        answer = await client.request(method, path, headers=headers)
    return answer.status_code


def basic(name: str, key: str) -> dict[str, str]:
    pair = base64.b64encode(f"{name}:{key}".encode()).decode()
    return {"Authorization": f"Basic {pair}", "Host": "console.example"}


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "127.0.0.1", "localhost:8000", "[::1]:8000"])
async def test_on_this_machine_nobody_is_asked(host: str) -> None:
    assert await status("GET", ICON, {"Host": host}) == 200


@pytest.mark.parametrize("host", ["console.example", "127.0.0.1.example:80", "evil:8000", ""])
async def test_another_name_for_this_machine_is_refused(host: str) -> None:
    """A page of another site may point its own name at loopback (DNS rebinding)."""
    assert await status("GET", ICON, {"Host": host}) == 421


async def test_a_name_that_is_listed_is_ours() -> None:
    listed = ("console.example",)

    assert await status("GET", ICON, {"Host": "console.example"}, host_names=listed) == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:9000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "null"},
    ],
)
async def test_an_action_comes_from_the_consoles_own_pages(headers: dict[str, str]) -> None:
    assert await status("POST", "/actions", {**LOCAL, **headers}) == 403


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}]
)
async def test_from_there_and_from_a_program_it_is_heard(headers: dict[str, str]) -> None:
    assert await status("POST", "/actions", {**LOCAL, **headers}) == 422


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "console.example"},
        basic("operator-1", "another key of sixteen"),
        basic("", KEY),
        basic("operator\n", KEY),
        {"Authorization": "Basic %%%", "Host": "x"},
        {"Authorization": f"Bearer {KEY}", "Host": "x"},
    ],
)
async def test_beyond_loopback_nothing_answers_without_the_key(headers: dict[str, str]) -> None:
    for path in (ICON, "/", "/ops/work", "/metrics", "/openapi.json", "/docs"):
        assert await status("GET", path, headers, **ELSEWHERE) == 401


async def test_none_of_the_consoles_own_routes_answers_there_without_the_key() -> None:
    app = app_of("console", **ELSEWHERE)
    running = app.state.running
    [own] = routes(running, running.settings, Backends(running.settings), Board(Streams(1)))
    listed = [one for one in own.routes if isinstance(one, Route)]
    async with client_of(app) as client:
        answers = {
            (method, one.path): (await client.request(method, one.path)).status_code
            for one in listed
            for method in one.methods or ()
        }

    assert {("POST", "/v1/traces"), ("POST", "/actions"), ("GET", "/now/live")} <= answers.keys()
    assert set(answers.values()) == {401}


async def test_with_a_name_and_the_key_one_is_let_in() -> None:
    assert await status("GET", ICON, basic("operator-1", KEY), **ELSEWHERE) == 200


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"http_host": "0.0.0.0"}, "CONSOLE_ACCESS_KEY"),
        ({"http_host": "0.0.0.0", "allow_unauthenticated_bind": True}, "CONSOLE_ACCESS_KEY"),
        ({"http_host": "0.0.0.0", "access_key": "short"}, "access_key"),
        ({"orders_urls": ()}, "orders_urls"),
        ({"orders_urls": ("ftp://x",)}, "orders_urls"),
        ({"trace_link": "https://traces.example/"}, "trace_link"),
    ],
)
def test_an_unsafe_or_useless_setting_is_refused(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError) as refused:
        ConsoleSettings(**{**EXAMPLE_SETTINGS, **settings})

    assert named in str(refused.value)


def test_in_production_the_search_key_is_not_the_one_that_everybody_knows() -> None:
    safe = {
        **EXAMPLE_SETTINGS,
        "provider_url": None,
        "ORDERPROOF_ENVIRONMENT": "production",
        "database_url": "postgresql://console:secret@db/console",
        "kafka_username": "console",
        "kafka_password": "secret",
    }
    with pytest.raises(ValidationError, match="CONSOLE_SEARCH_KEY"):
        ConsoleSettings(**safe)
    with pytest.raises(ValidationError, match="CONSOLE_LOG_DIR: only with"):
        ConsoleSettings(**safe, search_key=KEY, log_dir="/var/log")

    assert ConsoleSettings(**safe, search_key=KEY).access_key is None


def test_a_key_is_printed_by_nobody() -> None:
    settings = ConsoleSettings(**EXAMPLE_SETTINGS, access_key=KEY, search_key=KEY)

    assert KEY not in repr(settings)
