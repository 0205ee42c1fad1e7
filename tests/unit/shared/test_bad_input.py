"""Bad input is answered by name, on every route of every service alike."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.support.builders import an_order
from tests.support.in_process import app_of, client_of, problem_of
from tests.unit.shared.bodies import (
    JSON,
    KEY,
    KEYED,
    ROUTES,
    Clients,
    every_route,
    reaches_the_database,
    send,
)


@every_route
async def test_a_good_body_gets_through(clients: Clients, route: tuple[str, str]) -> None:
    assert reaches_the_database(await send(clients, route, ROUTES[route]))


@every_route
@pytest.mark.parametrize(
    "body",
    [
        b'{"a": ',
        b"nonsense",
        b'\xef\xbb\xbf{"a": 1}',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b"[" * 100_000,
        b'{"a":' * 20_000,
        b'{"a": "\xff"}',
        b'{"a": "\xed\xa0\x80"}',
        b'{"a": 1} {"b": 2}',
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a": "tab\t"}',
        b" ",
    ],
    ids=lambda body: repr(body[:12]),
)
async def test_what_is_no_json_is_malformed(
    clients: Clients, route: tuple[str, str], body: bytes
) -> None:
    assert problem_of(await send(clients, route, body)) == (400, "malformed-json")


@every_route
async def test_a_member_given_twice_is_refused_where_it_is(
    clients: Clients, route: tuple[str, str]
) -> None:
    body = json.dumps(ROUTES[route]).encode()
    twice = body[:-1] + b', "extra": [{}, {"a/b": 1, "c": 2, "a/b": 1}]}'

    answer = await send(clients, route, twice)

    assert problem_of(answer) == (400, "duplicate-member")
    assert answer.json()["errors"][0]["pointer"] == "/extra/1/a~1b"


@every_route
async def test_an_unknown_member_is_refused_where_it_is(
    clients: Clients, route: tuple[str, str]
) -> None:
    answer = await send(clients, route, {**ROUTES[route], "paid": True})

    assert problem_of(answer) == (422, "validation-failed")
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/paid"]


@every_route
@pytest.mark.parametrize("text", ["a\x00b", "\x00", "\ud800", "a\udfffb"], ids=ascii)
async def test_text_that_cannot_be_stored_is_refused_where_it_is(
    clients: Clients, route: tuple[str, str], text: str
) -> None:
    as_value = await send(clients, route, {**ROUTES[route], "more": ["", text]})
    as_name = await send(clients, route, {**ROUTES[route], text: 1})

    assert problem_of(as_value) == problem_of(as_name) == (422, "invalid-text")
    assert as_value.json()["errors"][0]["pointer"] == "/more/1"


@pytest.mark.parametrize("path", ["/v1/orders/a%00b", "/v1/orders?customer_id=%00"])
async def test_nul_in_an_address_is_refused(clients: Clients, path: str) -> None:
    assert problem_of(await clients["orders"].get(path)) == (400, "malformed-url")


@every_route
@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": "nonsense"},
        {"Content-Type": ""},
        {},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        {"Content-Type": "application/json", "Content-Encoding": "br"},
    ],
    ids=lambda one: " ".join(one.values()) or "none",
)
async def test_a_body_that_is_not_plain_json_is_not_supported(
    clients: Clients, route: tuple[str, str], headers: dict[str, str]
) -> None:
    answer = await send(clients, route, ROUTES[route], {**KEY, **headers})

    assert problem_of(answer) == (415, "unsupported-media-type")


@pytest.mark.parametrize(
    "content_type",
    ["application/json; charset=UTF-8", "Application/JSON", "application/problem+json"],
)
async def test_json_by_another_of_its_names_is_taken(clients: Clients, content_type: str) -> None:
    headers = {**KEY, "Content-Type": content_type, "Content-Encoding": "identity"}

    assert reaches_the_database(await send(clients, ("orders", "/v1/orders"), an_order(), headers))


@every_route
async def test_a_body_beyond_the_limit_is_cut_off(clients: Clients, route: tuple[str, str]) -> None:
    endless = 0

    async def chunks() -> AsyncIterator[bytes]:
        """It ends after all, so that a limit which is gone takes a test and not the machine."""
        nonlocal endless
        while endless < 100:
            endless += 1
            yield b" " * 64 * 1024

    announced = await send(clients, route, b" " * (256 * 1024 + 1))
    chunked = await clients[route[0]].post(route[1], content=chunks(), headers=JSON)

    assert problem_of(announced) == problem_of(chunked) == (413, "body-too-large")
    assert announced.headers["connection"] == "close"
    assert endless <= 6, "read on, though it was too much"


async def test_a_body_at_the_limit_is_taken(clients: Clients) -> None:
    body = json.dumps(an_order()).encode()
    padded = body + b" " * (256 * 1024 - len(body))

    assert reaches_the_database(await send(clients, ("orders", "/v1/orders"), padded))


@pytest.mark.parametrize("route", KEYED, ids="".join)
async def test_a_key_is_asked_for_before_anything_is_done(
    clients: Clients, route: tuple[str, str]
) -> None:
    content_type = {"Content-Type": "application/json"}
    missing = await send(clients, route, ROUTES[route], content_type)
    invalid = await send(clients, route, ROUTES[route], {**content_type, "Idempotency-Key": "a b"})
    twice = await clients[route[0]].post(
        route[1], json=ROUTES[route], headers=[("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    )

    assert problem_of(missing) == (400, "idempotency-key-missing")
    assert problem_of(invalid) == problem_of(twice) == (400, "idempotency-key-invalid")


async def test_unknown_paths_and_methods_are_told(clients: Clients) -> None:
    orders = clients["orders"]

    for path in ("/", "/v1", "/v1/orders/", "/v2/orders", "/v1/orders/ord_1/nothing"):
        assert problem_of(await orders.get(path)) == (404, "not-found")
    for method, path, allow in (
        ("DELETE", "/v1/orders", "GET, POST"),
        ("TRACE", "/v1/orders", "GET, POST"),
        ("PUT", "/v1/orders/ord_1", "GET"),
        ("GET", "/v1/orders/ord_1/cancel", "POST"),
        ("PROPFIND", "/ops/dead-letters/1/redrive", "POST"),
    ):
        answer = await orders.request(method, path)
        assert problem_of(answer) == (405, "method-not-allowed")
        assert answer.headers["allow"] == allow


@pytest.mark.parametrize(
    "path",
    [
        "/v1/orders?limit=1000000000",
        "/v1/orders?limit=0",
        "/v1/orders?limit=x",
        "/v1/orders/ord_1?timeout_s=31",
        "/v1/orders/ord_1?timeout_s=nan",
        "/v1/orders/ord_1?wait_for=christmas",
        "/ops/dead-letters?limit=1000000000",
        "/ops/dead-letters?after=9223372036854775808",
        "/ops/dead-letters/9223372036854775808",
    ],
)
async def test_a_query_beyond_its_limits_is_refused(clients: Clients, path: str) -> None:
    answer = await clients["orders"].get(path)

    assert problem_of(answer) == (422, "validation-failed")


async def test_an_error_of_ours_tells_nothing_of_our_insides() -> None:
    class Broken:
        async def fetch(self, *_: Any) -> Any:
            raise ZeroDivisionError("SELECT secret FROM table")

    app = app_of("orders", Broken())  # type: ignore[arg-type]
    with capture_logs() as logged:
        async with client_of(app) as orders:
            answer = await orders.get("/ops/work")

    assert [one["event"] for one in logged] == ["unhandled"]
    assert problem_of(answer) == (500, "internal-error")
    assert not any(word in answer.text for word in ("SELECT", "secret", "Division", "python"))
