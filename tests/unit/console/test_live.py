"""Pages that are followed: each has its stream, which tells what the page shows."""

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import pytest
from console import routes as module
from console.backends import Backends
from console.board import Board
from console.domain.alarms import Instance
from console.render import PageRoute, draw
from console.routes import routes
from console.streams import Streams

from tests.support.in_process import app_of

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
