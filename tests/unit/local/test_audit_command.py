"""``orderproof audit`` ends with 0 only when every service answered and every promise holds."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_runtime.endpoints import read_json, write_json
from local_runtime.paths import RunDir

from tests.support.fake_services import FakeShop, a_promise, two_services


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[FakeShop]:
    with two_services(tmp_path) as shop:
        shop.orders.promises = [a_promise("one"), a_promise("two")]
        shop.payments.promises = [a_promise("three")]
        yield shop


def test_all_that_holds_is_listed_and_said(shop: FakeShop) -> None:
    result = shop.run("audit")

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "  service   invariant       holds",
        "  orders    one is kept.    yes",
        "  orders    two is kept.    yes",
        "  payments  three is kept.  yes",
        "Every promise holds",
    ]


def test_a_broken_promise_names_the_ids_and_fails(shop: FakeShop) -> None:
    shop.payments.promises.append(a_promise("four", "ord_1", "ord_2"))

    result = shop.run("audit")

    assert result.exit_code == 1
    assert "  payments  four is kept.   NO: ord_1, ord_2\n" in result.stdout
    assert result.stdout.endswith("NOT every promise holds\n")


def test_twenty_ids_may_not_be_all(shop: FakeShop) -> None:
    shop.payments.promises = [a_promise("four", *(f"ord_{number}" for number in range(20)))]

    assert "ord_19 and maybe more" in shop.run("audit").stdout


def test_a_service_without_an_answer_fails_the_audit(shop: FakeShop) -> None:
    shop.orders.broken = True

    result = shop.run("audit", "--json")

    told = json.loads(result.stdout)
    assert (result.exit_code, told["holds"]) == (1, False)
    assert told["services"]["orders"]["error"] == "orders: 503 Try again later."
    assert told["services"]["payments"]["holds"]


def test_without_a_stack_nothing_is_said_to_hold(shop: FakeShop, tmp_path: Path) -> None:
    result = shop._replace(run_dir=tmp_path / "none").run("audit", "--json")

    assert result.exit_code == 1
    assert "orderproof up --detach" in json.loads(result.stdout)["error"]


def test_a_promise_that_could_not_be_checked_is_not_said_to_hold(shop: FakeShop) -> None:
    shop.payments.promises.append(a_promise("four") | {"unchecked": "QueryCanceledError"})

    result = shop.run("audit")

    assert result.exit_code == 1
    assert "four is kept.   NOT CHECKED: QueryCanceledError\n" in result.stdout


def test_what_is_beyond_twenty_ids_is_counted(shop: FakeShop) -> None:
    ids = (f"ord_{number}" for number in range(20))
    shop.payments.promises = [a_promise("four", *ids) | {"violations": 33}]

    assert "ord_19 and 13 more" in shop.run("audit").stdout


def test_sides_that_cannot_be_read_fail_the_audit(shop: FakeShop) -> None:
    """Of a stack with databases the audit reads both sides itself; here nobody listens."""
    place = RunDir.at(shop.run_dir).endpoints
    nowhere = "postgresql://nobody@127.0.0.1:1/none"
    there = read_json(place) or {}
    write_json(place, {**there, "databases": {"orders": nowhere, "payments": nowhere}})

    result = shop.run("audit", "--json", "--grace-s", "0")

    told = json.loads(result.stdout)
    assert (result.exit_code, told["holds"]) == (1, False)
    names = {one["name"] for one in told["comparisons"]}
    assert names == {"money-follows-orders", "events-are-in-kafka"}
    assert all(one["unchecked"] for one in told["comparisons"])
