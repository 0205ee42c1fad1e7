"""Pages that are followed: each has its stream, which tells what the page shows."""

import asyncio
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import pytest
from console import routes as module
from console.backends import Backends
from console.board import Board
from console.domain.alarms import Instance
from console.pages import order
from console.render import PageRoute, draw
from console.routes import routes
from console.streams import Streams

from tests.support.in_process import app_of
from tests.support.waiting import ticks

FOLLOWERS = 20


def endpoints(board: Board) -> dict[str, Any]:
    """What answers each GET, by its path."""
    running = app_of("console").state.running
    [router] = routes(running, running.settings, Backends(running.settings), board)
    return {
        one.path: one.endpoint
        for one in router.routes
        if isinstance(one, PageRoute) and "GET" in (one.methods or ())
    }


@pytest.fixture
def board() -> Board:
    gauges = {"consumer_lag_seconds": {"payments": 3.5}, "outbox_rows": {"": 7.0}}
    seen = Instance("payments", answers=True, gauges=gauges)
    return Board(Streams(FOLLOWERS, pause_s=60), instances=[seen])


def test_every_page_that_is_followed_asks_for_a_stream_that_is_there(board: Board) -> None:
    asked = set()
    for one in files("console").joinpath("templates").iterdir():
        found = re.findall(r'hx-sse:connect="([^"]+)"', one.read_text("utf-8"))
        asked |= {re.sub(r"\{\{ *([\w.]+).*?\}\}", r"{\1}", path) for path in found}
    streams = {one for one in endpoints(board) if one.endswith("/live")}

    assert {one.replace("{partner.name}", "{name}") for one in asked} == streams


@pytest.mark.parametrize(
    ("page", "stream", "tells"),
    [("now_live.html", "/now/live", "payments"), ("system_live.html", "/system/live", "3.5 s")],
)
async def test_a_page_of_the_whole_system_is_drawn_once_for_all_who_follow_it(
    board: Board, monkeypatch: pytest.MonkeyPatch, page: str, stream: str, tells: str
) -> None:
    drawn: list[str] = []

    def counted(template: str, document: Mapping[str, Any]) -> str:
        drawn.append(template)
        return draw(template, document)

    monkeypatch.setattr(module, "draw", counted)
    live = endpoints(board)[stream]
    followed = [(await live()).body_iterator for _ in range(FOLLOWERS)]
    sent = {await anext(one) for one in followed}
    assert len(board.streams) == FOLLOWERS
    for one in followed:
        await one.aclose()

    [told] = sent
    assert tells in told.decode()
    assert drawn == [page]


async def test_an_order_that_rests_is_looked_at_and_drawn_once_for_all_who_follow_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Fifty who follow it longer than a page is drawn again by the clock ask nobody anything."""
    told, looked, drawn = {"status": "confirmed"}, [], []

    async def look(*_: Any) -> tuple[Mapping[str, Any], float]:
        looked.append(dict(told))
        return looked[-1], 60.0

    def counted(template: str, document: Mapping[str, Any]) -> str:
        drawn.append(template)
        return f"<p>{document['status']}</p>"

    monkeypatch.setattr(order, "look", look)
    monkeypatch.setattr(module, "draw", counted)
    board = Board(Streams(99, pause_s=0, again_s=0.001))
    live = endpoints(board)["/orders/{order_id}/live"]
    followed = [(await live("ord_1")).body_iterator for _ in range(50)]
    assert {await anext(one) for one in followed} == {b"data: <p>confirmed</p>\n\n"}

    waiting = [asyncio.ensure_future(anext(one)) for one in followed]
    async for _ in ticks(500, 20):
        board.streams.stir({"ord_2"})
    assert (len(looked), drawn) == (1, ["order_live.html"])

    told["status"] = "shipped"
    board.streams.stir({"ord_1"})
    async with asyncio.timeout(5):
        assert {await one for one in waiting} == {b"data: <p>shipped</p>\n\n"}
    assert (len(looked), len(drawn)) == (2, 2)
    for one in followed:
        await one.aclose()
