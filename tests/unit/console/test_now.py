"""What is counted over looks: the provider's answers, and how long a promise is unchecked."""

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from console.board import Board
from console.domain.alarms import Instance, Level
from console.pages.now import CHART_MINUTES, answers, bars, document, unchecked_s, waiting
from console.render import draw
from console.streams import Streams

AT = datetime(2026, 11, 30, 10, tzinfo=UTC)


def seen(board: Board, seconds: int, captured: float | None, unknown: float = 0) -> tuple[int, int]:
    """A look at payments; without counts it does not answer."""
    counts = {"captured": captured or 0, "unknown": unknown}
    gauges = {"provider_calls_total": counts} if captured is not None else {}
    board.instances = [Instance("payments", captured is not None, gauges)]
    return answers(board, AT + timedelta(seconds=seconds))


def test_only_what_was_asked_lately_counts() -> None:
    board = Board(Streams(1))

    assert seen(board, 0, 1000, 500) == (0, 0)
    assert seen(board, 2, 1003, 505) == (8, 5)
    assert seen(board, 60, 1003, 505) == (0, 0)


def test_a_process_that_was_started_since_counts_from_there() -> None:
    board = Board(Streams(1))
    seen(board, 0, 1000, 500)

    assert seen(board, 2, 4, 1) == (0, 0)
    assert seen(board, 4, 4, 3) == (2, 2)


def test_one_that_was_silent_for_a_while_is_no_news() -> None:
    board = Board(Streams(1))
    seen(board, 0, 1000, 500)
    seen(board, 2, None)

    assert seen(board, 4, 1001, 500) == (1, 0)


def unchecked_at(board: Board, seconds: int, value: float) -> list[float]:
    """A look at orders, whose one promise is checked (0) or not (1)."""
    gauges = {"invariant_unchecked": {"no-stuck-order": value}}
    board.instances = [Instance("orders", True, gauges)]
    return list(unchecked_s(board, AT + timedelta(seconds=seconds)).values())


def test_a_promise_is_unchecked_from_the_first_look_that_saw_it_so_until_one_that_does_not() -> (
    None
):
    board = Board(Streams(1))

    assert unchecked_at(board, 0, 1) == [0]
    assert unchecked_at(board, 50, 1) == [50]
    assert unchecked_at(board, 70, 0) == []
    assert unchecked_at(board, 90, 1) == [0]


def test_a_promise_that_was_never_checked_has_no_number_of_breaks() -> None:
    gauges = {
        "invariant_unchecked": {"new": 1.0, "old": 1.0, "well": 0.0},
        "invariant_violations": {"old": 2.0, "well": 0.0},
    }
    told = waiting([Instance("orders", True, gauges)])["invariants"]

    assert [(one["name"], one["violations"], one["unchecked"]) for one in told] == [
        ("new", None, True),
        ("old", 2.0, True),
        ("well", 0.0, False),
    ]


DOUBTFUL = Level(unchecked_s={("orders", "no-stuck-order"): 5.0})


@pytest.mark.parametrize(
    ("ago_s", "added_up", "level", "says"),
    [
        (29.0, True, Level(), "All is well"),
        (31.0, True, Level(), "Not known"),
        (29.0, False, Level(), "Not known"),
        (29.0, True, DOUBTFUL, "orders has not checked no-stuck-order."),
    ],
)
def test_all_is_well_is_said_only_of_what_was_seen_lately_and_is_checked(
    ago_s: float, added_up: bool, level: Level, says: str
) -> None:
    board = Board(Streams(1), at=AT, added_up=added_up, level=level, fresh_s=30.0)
    board.seen_s = time.monotonic() - ago_s
    told = draw("alarms.html", board.frame)

    assert says in told
    assert ("All is well" in told) == (says == "All is well")


def decided(minutes_ago: int, outcome: str, orders: int) -> dict[str, Any]:
    return {"minute": AT - timedelta(minutes=minutes_ago), "outcome": outcome, "orders": orders}


def test_a_minute_of_the_chart_has_its_orders_by_outcome_and_parts_of_the_highest() -> None:
    rows: Any = [decided(1, "confirmed", 6), decided(1, "rejected", 2), decided(0, "confirmed", 4)]
    chart = bars(rows, AT)
    before, now = chart[-2:]

    assert len(chart) == CHART_MINUTES
    assert [one["orders"] for one in (before, now)] == [8, 4]
    told = [(one["outcome"], one["orders"], one["y"], one["height"]) for one in before["parts"]]
    assert told[:2] == [("confirmed", 6, 25, 75), ("rejected", 2, 0, 25)]
    assert sum(one["height"] for one in now["parts"]) == 50


def test_what_the_chart_shows_is_there_in_numbers_for_who_cannot_point_at_it() -> None:
    rows: Any = [decided(2, "confirmed", 6), decided(2, "expired", 2)]
    board = Board(Streams(1), at=AT, chart=bars(rows, AT))
    told = draw("now_live.html", document(board))

    assert "<title>09:58 UTC: 8 orders, 6 confirmed, 2 expired</title>" in told
    assert "highest: 8 a minute" in told
    [row] = re.findall(r"<tr><td[^>]*><time[^>]+>09:58:00</time></td>(.*)</tr>", told)
    assert re.findall(r'data-label="(\w+)" class="n">(\d+)<', row) == [
        *(("confirmed", "6"), ("rejected", "0"), ("expired", "2"), ("cancelled", "0"))
    ]
    assert told.count("<rect") == 2
