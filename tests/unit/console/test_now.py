"""What the provider left unknown lately, from counters that may begin anew or be out of reach."""

from datetime import UTC, datetime, timedelta

from console.board import Board
from console.domain.alarms import Instance
from console.domain.spans import SpanRing
from console.pages.now import answers
from console.streams import Streams

AT = datetime(2026, 11, 30, 10, tzinfo=UTC)


def seen(board: Board, seconds: int, captured: float | None, unknown: float = 0) -> tuple[int, int]:
    """A look at payments; without counts it does not answer."""
    counts = {"captured": captured or 0, "unknown": unknown}
    gauges = {"provider_calls_total": counts} if captured is not None else {}
    board.instances = [Instance("payments", captured is not None, gauges)]
    return answers(board, AT + timedelta(seconds=seconds))


def test_only_what_was_asked_lately_counts() -> None:
    board = Board(Streams(1), SpanRing(1))

    assert seen(board, 0, 1000, 500) == (0, 0)
    assert seen(board, 2, 1003, 505) == (8, 5)
    assert seen(board, 60, 1003, 505) == (0, 0)


def test_a_process_that_was_started_since_counts_from_there() -> None:
    board = Board(Streams(1), SpanRing(1))
    seen(board, 0, 1000, 500)

    assert seen(board, 2, 4, 1) == (0, 0)
    assert seen(board, 4, 4, 3) == (2, 2)


def test_one_that_was_silent_for_a_while_is_no_news() -> None:
    board = Board(Streams(1), SpanRing(1))
    seen(board, 0, 1000, 500)
    seen(board, 2, None)

    assert seen(board, 4, 1001, 500) == (1, 0)
