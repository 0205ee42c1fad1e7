"""A page's stream: drawn when there is news of it, sent when it looks otherwise, and counted."""

import asyncio

import pytest
from console.streams import Streams, message
from shared.http.problem import Problem, not_found


class Page:
    """What is drawn, one after the other; ``drawn`` counts."""

    def __init__(self, *pages: str) -> None:
        self.pages, self.drawn = pages, 0

    async def draw(self) -> str:
        self.drawn += 1
        return self.pages[min(self.drawn, len(self.pages)) - 1]


async def test_what_looks_the_same_is_not_sent_and_what_is_new_is() -> None:
    streams, page = Streams(2, pause_s=0, again_s=0.01), Page("one", "one", "two")
    stream = streams.follow(page.draw)
    async with asyncio.timeout(5):
        sent = [await anext(stream), await anext(stream)]
    await stream.aclose()

    assert sent == [b"data: one\n\n", b"data: two\n\n"]
    assert page.drawn == 3


@pytest.mark.parametrize(
    ("key", "news", "is_woken"),
    [
        ("ord_1", {"ord_1", "ord_2"}, True),
        ("ord_1", {"ord_2"}, False),
        ("ord_1", (), False),
        ("ord_1", None, True),
        (None, {"ord_2"}, True),
        (None, (), True),
    ],
)
async def test_a_page_is_woken_by_news_of_what_it_shows(
    key: str | None, news: set[str] | None, is_woken: bool
) -> None:
    streams, page = Streams(2, pause_s=0, again_s=60), Page("one", "two")
    stream = streams.follow(page.draw, key)
    await anext(stream)
    second = asyncio.ensure_future(anext(stream))
    for _ in range(5):
        await asyncio.sleep(0)
    streams.stir(news)
    for _ in range(10):
        await asyncio.sleep(0)

    assert second.done() == is_woken
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)


@pytest.mark.parametrize("error", [not_found("gone"), ConnectionResetError()])
async def test_a_page_that_cannot_be_drawn_ends_its_stream(error: Exception) -> None:
    async def draw() -> str:
        raise error

    streams = Streams(2)

    assert [one async for one in streams.follow(draw)] == []
    assert len(streams) == 0


async def test_streams_are_counted_and_too_many_refused() -> None:
    streams = Streams(1, pause_s=0, again_s=60)
    stream = streams.follow(Page("page").draw)
    await anext(stream)
    with pytest.raises(Problem, match="As many pages"):
        streams.refuse_too_many()
    await stream.aclose()

    streams.refuse_too_many()
    assert len(streams) == 0


async def test_a_page_for_all_is_drawn_once_for_all() -> None:
    streams, drawn = Streams(9), []

    def draw() -> str:
        drawn.append("page")
        return "page"

    assert {streams.shared("now", draw) for _ in range(50)} == {"page"}
    assert len(drawn) == 1


def test_each_line_of_a_page_is_a_line_of_its_message() -> None:
    assert message("<p>\nx</p>") == b"data: <p>\ndata: x</p>\n\n"
