"""``orderproof dead-letters`` asks for what it was told to, and says what came of it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.fake_services import FakeShop, a_letter, two_services


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[FakeShop]:
    with two_services(tmp_path) as shop:
        yield shop


def ran(shop: FakeShop, *arguments: str, code: int = 0) -> Any:
    """The document that the command prints on stdout and nothing else."""
    result = shop.run("dead-letters", *arguments, "--json")
    assert (result.exit_code, result.stderr) == (code, "")
    return json.loads(result.stdout)


def test_a_list_shows_every_service_in_one_table(shop: FakeShop) -> None:
    shop.orders.park(a_letter(1))
    shop.payments.park(a_letter(7, "bad-data", behind=3, type=None))

    result = shop.run("dead-letters", "list")

    assert result.exit_code == 0
    head, first, second = (line.split() for line in result.stdout.splitlines())
    at = "2026-03-01T12:00:00.000Z"
    assert head == ["service", "id", "reason", "type", "key", "behind", "parked_at", "attempts"]
    assert first[:3] == ["orders", "1", "handler-failed"]
    assert second == ["payments", "7", "bad-data", "-", "ord_7", "3", at, "1"]


def test_a_list_takes_as_many_pages_as_there_are(shop: FakeShop) -> None:
    shop.orders.park(*(a_letter(number) for number in range(1, 402)))

    found = ran(shop, "list", "--service", "orders")["dead_letters"]

    assert [one["id"] for one in found] == list(range(1, 402))
    assert [path for _, path, _, _ in shop.orders.asked] == [
        f"/ops/dead-letters?after={after}&limit=200" for after in (0, 200, 400)
    ]
    assert shop.payments.asked == []


def test_a_silent_service_does_not_hide_the_others_but_fails_the_list(shop: FakeShop) -> None:
    shop.orders.broken = True
    shop.payments.park(a_letter(7))

    found = ran(shop, "list", code=1)

    assert [one["id"] for one in found["dead_letters"]] == [7]
    assert found["unanswered"] == {"orders": "orders: 503 Try again later."}


def test_an_empty_list_says_so(shop: FakeShop) -> None:
    assert shop.run("dead-letters", "list").stdout == "Nothing is parked\n"


def test_one_record_is_shown_with_its_headers(shop: FakeShop) -> None:
    shop.payments.park(a_letter(7, behind=2))

    found = ran(shop, "show", "payments", "7")
    told = shop.run("dead-letters", "show", "payments", "7").stdout

    assert (found["headers"]["ce_id"], found["behind"]) == ("evt_1", 2)
    assert "header ce_id  " in told
    assert "KeyError" in told


def test_what_a_record_says_cannot_steer_the_terminal(shop: FakeShop) -> None:
    shop.orders.park(a_letter(1, key="\x1b[2J[red]\nord"))

    told = shop.run("dead-letters", "list").stdout

    assert "\\x1b[2J[red]\\nord" in told


@pytest.mark.parametrize("command", [["show"], ["redrive"], ["discard", "--reason", "x"]])
def test_a_record_that_is_not_there_is_named(shop: FakeShop, command: list[str]) -> None:
    result = shop.run("dead-letters", *command, "payments", "9")

    assert (result.exit_code, result.stderr) == (1, "payments: 404 No dead letter 9.\n")


def test_a_redrive_tells_what_ran_and_who_asked(shop: FakeShop) -> None:
    shop.payments.park(a_letter(7, behind=2))

    found = ran(shop, "redrive", "payments", "7")

    key = {"service": "payments", "id": 7, "key": "ord_7", "done": 3, "left": 0, "failed": None}
    assert found == {"dry_run": False, "redriven": [key], "unanswered": {}}
    path = "/ops/dead-letters/7/redrive?dry_run=false"
    assert shop.payments.actions == [(path, "ada", {})]


def test_a_redrive_of_all_goes_on_after_a_failure_and_ends_with_1(shop: FakeShop) -> None:
    shop.orders.park(a_letter(1), a_letter(2))
    shop.payments.park(a_letter(7))
    shop.orders.fails[1] = "KeyError"

    result = shop.run("dead-letters", "redrive", "--all")

    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1] == "2 ran, 1 left; 1 of 3 keys failed"
    assert [line.split() for line in result.stdout.splitlines()[1:4]] == [
        ["orders", "1", "ord_1", "0", "1", "KeyError"],
        ["orders", "2", "ord_2", "1", "0", "-"],
        ["payments", "7", "ord_7", "1", "0", "-"],
    ]


def test_a_redrive_of_all_is_narrowed_by_reason_and_service(shop: FakeShop) -> None:
    shop.orders.park(a_letter(1, "bad-data"), a_letter(2))
    shop.payments.park(a_letter(7))

    narrowed = ("--service", "orders", "--reason-filter", "handler-failed")
    found = ran(shop, "redrive", "--all", *narrowed, "--operator", "bob")

    assert [one["id"] for one in found["redriven"]] == [2]
    assert [by for _, by, _ in shop.orders.actions] == ["bob"]
    assert shop.payments.asked == []


@pytest.mark.parametrize(
    ("event_type", "ids"), [("orders.order-placed.v1", [1]), ("", [3]), ("none.of.them", [])]
)
def test_only_keys_whose_first_event_is_of_a_type_are_listed_and_redriven(
    shop: FakeShop, event_type: str, ids: list[int]
) -> None:
    other = a_letter(2, type="orders.order-cancelled.v1")
    shop.orders.park(a_letter(1), other, a_letter(3, "bad-headers", type=None))

    listed = ran(shop, "list", "--type", event_type)["dead_letters"]
    redriven = ran(shop, "redrive", "--all", "--type", event_type)["redriven"]

    assert [one["id"] for one in listed] == [one["id"] for one in redriven] == ids
    assert [path for path, _, _ in shop.orders.actions] == [
        f"/ops/dead-letters/{number}/redrive?dry_run=false" for number in ids
    ]


def test_a_list_is_narrowed_by_reason(shop: FakeShop) -> None:
    shop.orders.park(a_letter(1, "bad-data"), a_letter(2))

    found = ran(shop, "list", "--reason-filter", "bad-data")["dead_letters"]

    assert [one["id"] for one in found] == [1]


def test_a_dry_run_of_a_redrive_is_one_for_the_service_too(shop: FakeShop) -> None:
    shop.orders.park(a_letter(1, behind=1))

    result = shop.run("dead-letters", "redrive", "--all", "--dry-run")

    assert shop.orders.actions == [("/ops/dead-letters/1/redrive?dry_run=true", "ada", {})]
    assert result.stdout.splitlines()[-1] == "2 would run, 0 left; 0 of 1 keys failed"


def test_a_redrive_of_all_ends_with_1_when_a_service_could_not_be_listed(shop: FakeShop) -> None:
    shop.orders.broken = True

    result = shop.run("dead-letters", "redrive", "--all")

    assert result.exit_code == 1
    assert "Nothing to redrive" in result.stdout
    assert "NOT LISTED: orders: 503 Try again later." in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["orders"],
        ["orders", "--all"],
        ["orders", "1", "--all"],
        ["orders", "1", "--reason-filter", "bad-data"],
        ["orders", "1", "--service", "payments"],
        ["orders", "1", "--type", ""],
        ["orders", "1", "--operator", "Zoë"],
        ["--all", "--operator", "a" * 101],
        ["--all", "--service", "order"],
    ],
)
def test_a_redrive_that_is_not_clear_calls_nobody(shop: FakeShop, arguments: list[str]) -> None:
    result = shop.run("dead-letters", "redrive", *arguments)

    assert result.exit_code == 2
    assert result.stderr
    assert shop.orders.asked == []


def test_a_discard_gives_its_reason_and_tells_what_ran_behind(shop: FakeShop) -> None:
    shop.payments.park(a_letter(7, behind=2))

    result = shop.run("dead-letters", "discard", "payments", "7", "--reason", "a test of the shop")

    assert result.exit_code == 0
    assert result.stdout == "Dropped 7 of payments; 2 behind it ran\n"
    body = {"reason": "a test of the shop"}
    assert shop.payments.actions == [("/ops/dead-letters/7/discard", "ada", body)]


def test_a_discard_ends_with_1_when_what_waited_fails(shop: FakeShop) -> None:
    shop.payments.park(a_letter(7, behind=2))
    shop.payments.fails[7] = "KeyError"

    found = ran(shop, "discard", "payments", "7", "--reason", "x", code=1)

    assert (found["behind"]["left"], found["behind"]["failed"]) == (2, "KeyError")


def test_a_dry_run_of_a_discard_shows_the_record_and_drops_nothing(shop: FakeShop) -> None:
    shop.payments.park(a_letter(7, behind=2))

    result = shop.run("dead-letters", "discard", "payments", "7", "--reason", "x", "--dry-run")

    assert "dropped for ever, and the 2 behind it run" in result.stdout
    assert shop.payments.actions == []


@pytest.mark.parametrize(("reason", "code"), [("", 2), ("x", 0), ("x" * 500, 0), ("x" * 501, 2)])
def test_a_discard_needs_a_reason(shop: FakeShop, reason: str, code: int) -> None:
    shop.orders.park(a_letter(1))

    result = shop.run("dead-letters", "discard", "orders", "1", "--reason", reason)

    assert result.exit_code == code


def test_without_a_stack_the_command_names_what_starts_one(shop: FakeShop, tmp_path: Path) -> None:
    result = shop._replace(run_dir=tmp_path / "none").run("dead-letters", "list")

    assert result.exit_code == 1
    assert result.stderr.endswith("start one with: orderproof up --detach\n")


def test_nobody_has_to_be_named(shop: FakeShop) -> None:
    shop.orders.park(a_letter(1))

    shop.run("dead-letters", "redrive", "orders", "1", operator=None)

    assert [by for _, by, _ in shop.orders.actions] == ["unnamed"]
