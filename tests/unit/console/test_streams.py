"""A page's stream: drawn when there is news of it, sent when it looks otherwise, and counted."""

import asyncio
from weakref import ref

import pytest
from console.render import Document
from console.streams import LOOKS_MAX, Streams, message
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


class Followed:
    """What a page says and what is around it; ``looked`` and ``drawn`` count."""

    def __init__(self, streams: Streams, holds_s: float = 60) -> None:
        self.found: Document = {"status": "confirmed"}
        self.around: Document = {"alarms": []}
        self.holds_s, self.looked, self.drawn = holds_s, 0, 0
        self.page = streams.page("ord_1", self.look, lambda: self.around, self.render)

    async def look(self) -> tuple[Document, float]:
        self.looked += 1
        found = dict(self.found)
        await asyncio.sleep(0)
        return found, self.holds_s

    def render(self, says: Document) -> str:
        self.drawn += 1
        return str(says)


async def test_a_page_of_which_nothing_is_heard_is_neither_looked_at_nor_drawn_again() -> None:
    one = Followed(Streams(9))
    first = await one.page.draw()

    assert {await one.page.draw() for _ in range(99)} == {first}
    assert (one.looked, one.drawn) == (1, 1)


async def test_news_that_change_nothing_draw_nothing_and_news_that_do_are_drawn_once() -> None:
    streams = Streams(9)
    one = Followed(streams)
    page = one.page
    await page.draw()
    streams.stir({"ord_1"})
    await page.draw()
    assert (one.looked, one.drawn) == (2, 1)

    one.found = {"status": "shipped"}
    streams.stir({"ord_2"})
    assert "confirmed" in await page.draw()
    streams.stir({"ord_1"})
    together = await asyncio.gather(*(page.draw() for _ in range(50)))

    assert (one.looked, one.drawn) == (3, 2)
    assert set(together) == {"{'status': 'shipped', 'alarms': []}"}


async def test_what_is_around_a_page_is_drawn_anew_without_a_look_at_the_page() -> None:
    one = Followed(Streams(9))
    await one.page.draw()
    one.around = {"alarms": ["parked"]}

    assert "parked" in await one.page.draw()
    assert (one.looked, one.drawn) == (1, 2)


async def test_a_page_that_holds_no_longer_is_looked_at_but_not_drawn_again() -> None:
    one = Followed(Streams(9), holds_s=0)
    for _ in range(3):
        await one.page.draw()

    assert (one.looked, one.drawn) == (3, 1)


async def test_news_that_come_during_a_look_are_looked_at_after_it() -> None:
    streams = Streams(9)
    one = Followed(streams)
    page = one.page
    looking = asyncio.ensure_future(page.draw())
    await asyncio.sleep(0)
    streams.stir({"ord_1"})
    one.found = {"status": "shipped"}

    assert "confirmed" in await looking
    assert "shipped" in await page.draw()


async def test_a_look_that_fails_is_made_again() -> None:
    one = Followed(Streams(9))
    answers: list[Exception | None] = [ConnectionResetError(), None]

    async def look() -> tuple[Document, float]:
        error = answers.pop(0)
        if error is not None:
            raise error
        return await one.look()

    one.page.look = look
    with pytest.raises(ConnectionResetError):
        await one.page.draw()

    assert "confirmed" in await one.page.draw()


async def steady() -> tuple[Document, float]:
    return {"status": "confirmed"}, 60


async def test_of_many_pages_that_are_due_together_few_are_looked_at_together() -> None:
    streams = Streams(99)
    now, most = 0, 0

    async def look() -> tuple[Document, float]:
        nonlocal now, most
        now += 1
        most = max(most, now)
        for _ in range(3):
            await asyncio.sleep(0)
        now -= 1
        return {"status": "confirmed"}, 60

    pages = [streams.page(f"ord_{number}", look, dict, str) for number in range(50)]
    drawn = await asyncio.gather(*(page.draw() for page in pages))

    assert set(drawn) == {"{'status': 'confirmed'}"}
    assert most == LOOKS_MAX


async def test_a_page_is_shared_while_somebody_follows_it_and_then_forgotten() -> None:
    streams = Streams(9, pause_s=0, again_s=60)
    first = ref(streams.page("ord_1", steady, dict, str))
    assert first() is None

    follower = streams.follow(streams.page("ord_1", steady, dict, str).draw, "ord_1")
    await anext(follower)
    followed = ref(streams.page("ord_1", steady, dict, str))
    assert followed() is streams.page("ord_1", steady, dict, str)

    await follower.aclose()
    del follower
    assert followed() is None
