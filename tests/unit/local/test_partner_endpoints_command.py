"""``orderproof partners endpoints``, ``deliveries`` and ``replay`` do what they were told to."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.local.fake_partners import (
    AT,
    SECRET,
    Asked,
    Desk,
    Json,
    a_delivery,
    a_desk,
    an_endpoint,
)

ALL = "/ops/partners/acme/webhook-endpoints"
ONE = f"{ALL}/whe_1"
HOOK = "https://hooks.acme.example/orders"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path) as desk:
        yield desk


def told_endpoint(**more: Any) -> Json:
    return an_endpoint(**more) | {"secret": SECRET, "public_key": "whpk_the-public-key"}


def test_an_endpoint_is_added_and_its_secret_printed_once(desk: Desk) -> None:
    desk.service.on(f"POST {ALL}", told_endpoint(), status=201)

    result = desk.run("endpoints", "add", "acme", HOOK, "--event-type", "fulfilment.a.v1")

    assert (result.exit_code, result.stdout.count(SECRET)) == (0, 1)
    assert "shown this once and never again" in result.stdout
    assert "orderproof partners endpoints test acme whe_1\n" in result.stdout
    body = {"url": HOOK, "event_types": ["fulfilment.a.v1"], "secret": None}
    assert desk.service.asked == [Asked("POST", ALL, "ada", body)]


@pytest.mark.parametrize("command", [["add", "acme", HOOK], ["rotate", "acme", "whe_1"]])
def test_a_secret_of_the_environment_is_sent_and_not_printed(
    desk: Desk, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    desk.service.on(f"POST {ALL}", told_endpoint(), status=201)
    desk.service.on(f"POST {ONE}/rotate-secret", told_endpoint())

    result = desk.run("endpoints", *command, "--secret-from-env", "HOOK_SECRET")
    told = desk.ran("endpoints", *command, "--secret-from-env", "HOOK_SECRET")

    assert SECRET not in result.output
    assert "Its secret is what HOOK_SECRET holds" in result.stdout
    assert "secret" not in told
    assert [one.body["secret"] for one in desk.service.asked if one.body] == [SECRET, SECRET]


@pytest.mark.parametrize("value", [None, ""])
def test_a_variable_that_holds_nothing_adds_nothing(desk: Desk, value: str | None) -> None:
    env = {} if value is None else {"HOOK_SECRET": value}

    command = ("endpoints", "add", "acme", HOOK, "--secret-from-env", "HOOK_SECRET")
    result = desk.run(*command, env=env)

    assert (result.exit_code, desk.service.asked) == (2, [])
    assert result.stderr == "--secret-from-env: HOOK_SECRET is empty; export it first\n"


def test_a_url_that_is_refused_is_told_with_why(desk: Desk) -> None:
    wrong = [{"pointer": "/url", "detail": "https only"}]
    problem = {"title": "t", "detail": "Nothing is sent there.", "errors": wrong}
    desk.service.on(f"POST {ALL}", problem, status=422)

    result = desk.run("endpoints", "add", "acme", "http://hooks.example")

    assert result.exit_code == 1
    assert result.stderr == "notifications: 422 Nothing is sent there. (/url: https only)\n"


def test_a_new_secret_tells_how_long_the_one_before_is_valid(desk: Desk) -> None:
    desk.service.on(f"POST {ONE}/rotate-secret", told_endpoint(previous_secret_until=AT))

    result = desk.run("endpoints", "rotate", "acme", "whe_1")

    assert result.stdout.count(SECRET) == 1
    assert f"The secret before is valid until {AT}\n" in result.stdout
    assert desk.service.asked == [Asked("POST", f"{ONE}/rotate-secret", "ada", {})]


def test_an_endpoint_is_removed(desk: Desk) -> None:
    desk.service.on(f"DELETE {ONE}", {}, status=204)

    assert desk.run("endpoints", "remove", "acme", "whe_1").stdout == "Endpoint whe_1 is gone\n"
    told = desk.ran("endpoints", "remove", "acme", "whe_1")
    assert told == {"partner": "acme", "removed": "whe_1"}
    assert desk.service.asked[0] == Asked("DELETE", ONE, "ada", None)


def test_an_endpoint_is_disabled_and_enabled(desk: Desk) -> None:
    off = an_endpoint(enabled=False, disabled_reason="by-partner", disabled_at=AT)
    desk.service.on(f"PATCH {ONE}", off, an_endpoint())

    disabled = desk.run("endpoints", "disable", "acme", "whe_1")
    enabled = desk.ran("endpoints", "enable", "acme", "whe_1")

    assert disabled.stdout == f"Endpoint whe_1 is disabled (by-partner) since {AT}\n"
    assert enabled["enabled"]
    bodies = [{"enabled": False}, {"enabled": True}]
    assert desk.service.asked == [Asked("PATCH", ONE, "ada", body) for body in bodies]


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        ({"received": True, "status": 204}, 0, "Received: 204 after 12 ms\n"),
        (
            {"status": 401, "response_body": "no\x1b"},
            1,
            "NOT received: 401 after 12 ms\n  it said: no\\x1b\n",
        ),
        ({"error": "refused"}, 1, "NOT received: refused after 12 ms\n"),
    ],
)
def test_a_test_event_tells_what_came_back(desk: Desk, answer: Json, code: int, said: str) -> None:
    none = {"received": False, "status": None, "error": None, "response_body": ""}
    told = {"event_id": "evt_1", "duration_ms": 12, "response_head": "", **none, **answer}
    desk.service.on(f"POST {ONE}/test", told)

    result = desk.run("endpoints", "test", "acme", "whe_1")

    assert (result.exit_code, result.stdout) == (code, said)
    assert desk.ran("endpoints", "test", "acme", "whe_1", code=code) == told


def test_deliveries_are_narrowed_and_come_in_pages(desk: Desk) -> None:
    first = {"deliveries": [a_delivery(one) for one in range(300, 100, -1)], "next_cursor": "c1"}
    second = {"deliveries": [a_delivery(one) for one in range(100, 50, -1)], "next_cursor": "c2"}
    desk.service.on(f"GET {ONE}/deliveries", first, second)

    narrowed = ("--state", "failed", "--order-id", "ord_1", "--limit", "250")
    told = desk.ran("deliveries", "acme", "whe_1", *narrowed)

    assert (len(told["deliveries"]), told["has_more"]) == (250, True)
    asked = f"GET {ONE}/deliveries?state=failed&order_id=ord_1"
    assert desk.service.paths == [f"{asked}&limit=200", f"{asked}&cursor=c1&limit=50"]


def test_deliveries_are_a_table_that_says_when_there_are_more(desk: Desk) -> None:
    page = {"deliveries": [a_delivery(2), a_delivery(1)], "next_cursor": "c"}
    desk.service.on(f"GET {ONE}/deliveries", page)

    lines = desk.run("deliveries", "acme", "whe_1", "--limit", "2").stdout.splitlines()

    assert [line.split()[0] for line in lines[:3]] == ["delivery_id", "2", "1"]
    assert lines[3] == "There are more: give a higher --limit"


def test_no_deliveries_are_said_to_be_none(desk: Desk) -> None:
    desk.service.on(f"GET {ONE}/deliveries", {"deliveries": [], "next_cursor": None})

    assert desk.run("deliveries", "acme", "whe_1").stdout == "There are no such deliveries\n"


def test_one_delivery_is_shown_with_its_attempts(desk: Desk) -> None:
    attempt = {
        "sent_at": AT,
        "duration_ms": 12,
        "status": 500,
        "error": None,
        "response_head": "",
        "response_body": "x" * 1000,
    }
    detail = a_delivery(7) | {"body": '{"id": "evt_7"}', "attempt_log": [attempt]}
    desk.service.on(f"GET {ONE}/deliveries/7", detail)

    result = desk.run("deliveries", "acme", "whe_1", "--delivery", "7")

    assert '{"id": "evt_7"}' in result.stdout
    last = result.stdout.splitlines()[-1].split()
    assert last == [AT, "12", "500", "-", "x" * 200]
    assert desk.ran("deliveries", "acme", "whe_1", "--delivery", "7") == detail


@pytest.mark.parametrize(
    "options",
    [
        ["--delivery", "1", "--state", "failed"],
        ["--delivery", "1", "--order-id", "ord_1"],
        ["--delivery", "x"],
        ["--state", "lost"],
        ["--limit", "0"],
    ],
)
def test_deliveries_that_are_not_clear_are_asked_of_nobody(desk: Desk, options: list[str]) -> None:
    result = desk.run("deliveries", "acme", "whe_1", *options)

    assert (result.exit_code, desk.service.asked) == (2, [])
    assert result.stderr


@pytest.mark.parametrize(
    ("options", "body"),
    [
        (["--event", "evt_1"], {"event_id": "evt_1"}),
        (["--failed"], {"failed": True}),
        (["--since", "2026-03-01T12:00:00Z"], {"since": "2026-03-01T12:00:00Z"}),
        (["--after", "c0"], {"after": "c0"}),
    ],
)
def test_a_replay_asks_for_what_it_was_told_until_there_is_no_more(
    desk: Desk, options: list[str], body: Json
) -> None:
    pages: list[Json] = [
        {"replayed": 1000, "next_cursor": "c1"},
        {"replayed": 3, "next_cursor": None},
    ]
    desk.service.on(f"POST {ONE}/replay", *pages, *pages, status=202)

    result = desk.run("replay", "acme", "whe_1", *options)
    told = desk.ran("replay", "acme", "whe_1", *options)

    assert (result.exit_code, told) == (0, {"replayed": 1003, "requests": 2})
    assert result.stdout.startswith("1003 deliveries to be sent again; look with: orderproof ")
    bodies = [body, {**body, "cursor": "c1"}] * 2
    assert desk.service.asked == [Asked("POST", f"{ONE}/replay", "ada", one) for one in bodies]


def test_a_replay_of_nothing_says_so(desk: Desk) -> None:
    desk.service.on(f"POST {ONE}/replay", {"replayed": 0, "next_cursor": None}, status=202)

    result = desk.run("replay", "acme", "whe_1", "--failed")

    assert (result.exit_code, result.stdout) == (0, "There was nothing to send again\n")


@pytest.mark.parametrize(
    ("options", "again"),
    [(["--failed"], "run the same command again"), (["--after", "c0"], "go on with --after c1")],
)
def test_a_replay_that_breaks_off_tells_how_to_go_on(
    desk: Desk, options: list[str], again: str
) -> None:
    page = {"replayed": 1000, "next_cursor": "c1"}
    away = {"title": "Unavailable", "detail": "Try again later."}
    desk.service.on_each(f"POST {ONE}/replay", [(202, page), (503, away)])

    told = desk.ran("replay", "acme", "whe_1", *options, code=1)

    before = "before that 1000 were set to be sent again"
    assert told == {"error": f"notifications: 503 Try again later.; {before}; {again}"}


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--failed", "--since", "2026-03-01T12:00:00Z"],
        ["--event", "evt_1", "--failed"],
        ["--since", "2026-03-01T12:00:00Z", "--after", "c0"],
    ],
)
def test_a_replay_that_is_not_clear_is_asked_of_nobody(desk: Desk, options: list[str]) -> None:
    result = desk.run("replay", "acme", "whe_1", *options)

    assert (result.exit_code, desk.service.asked) == (2, [])
    assert result.stderr == "name one of --event, --failed, --since and --after\n"
