"""A page's stream: drawn when something was heard, sent when it looks otherwise, and counted."""

import asyncio

import pytest
from console.board import Board, message
from console.domain.spans import SpanRing
from shared.http.problem import Problem


def a_board(streams_max: int = 2) -> Board:
    return Board(streams_max, SpanRing(10))


async def test_what_looks_the_same_is_not_sent_and_what_is_heard_is() -> None:
    board, pages, drawn = a_board(), ["one", "one", "two"], 0

    async def draw() -> str:
        nonlocal drawn
        drawn += 1
        if drawn < len(pages):
            board.stir()
        return pages[min(drawn, len(pages)) - 1]

    stream = board.follow(draw, pause_s=0, again_s=60)
    async with asyncio.timeout(5):
        sent = [await anext(stream), await anext(stream)]
    await stream.aclose()

    assert sent == [b"data: one\n\n", b"data: two\n\n"]
    assert drawn == 3


async def test_with_nothing_heard_it_is_drawn_again_all_the_same() -> None:
    board, drawn = a_board(), 0

    async def draw() -> str:
        nonlocal drawn
        drawn += 1
        return str(drawn)

    stream = board.follow(draw, pause_s=0, again_s=0.01)
    async with asyncio.timeout(5):
        assert [await anext(stream), await anext(stream)] == [b"data: 1\n\n", b"data: 2\n\n"]
    await stream.aclose()


async def test_streams_are_counted_and_too_many_refused() -> None:
    board = a_board(streams_max=1)

    async def draw() -> str:
        return "page"

    stream = board.follow(draw, pause_s=0, again_s=60)
    await anext(stream)
    with pytest.raises(Problem, match="As many pages"):
        board.refuse_too_many()
    await stream.aclose()

    board.refuse_too_many()
    assert board.streams == 0


def test_each_line_of_a_page_is_a_line_of_its_message() -> None:
    assert message("<p>\nx</p>") == b"data: <p>\ndata: x</p>\n\n"
