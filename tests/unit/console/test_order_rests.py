"""When the page of an order that is followed rests: nothing can become of it that is not heard."""

import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from console import store
from console.backends import Backends
from console.board import Board
from console.domain.alarms import Instance
from console.domain.waits import Asked, Call, Known, Parked, waits_of
from console.pages import now
from console.pages.order import REST_S, newest, rest_s, rests
from console.streams import Streams
from shared.service import Running

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
CALL = Call("payments", 7, "charge", 1, NOW)
CONFIRMED = Known("ord_1", "confirmed", payment="captured", stock="reserved")


@pytest.mark.parametrize(
    ("status", "changed", "is_at_rest"),
    [
        ("confirmed", {}, True),
        ("partially_shipped", {}, True),
        ("shipped", {}, True),
        ("delivered", {}, True),
        ("cancelled", {}, True),
        ("confirmed", {"requests": ("rejected",)}, True),
        ("pending", {}, False),
        ("cancelling", {}, False),
        ("unknown", {"silent": ("orders",)}, False),
        ("confirmed", {"calls": (CALL,)}, False),
        ("delivered", {"calls": (replace(CALL, kind="mail"),)}, False),
        ("confirmed", {"parked": (Parked("payments", 3, "a", "bad-data", "x", 0),)}, False),
        ("delivered", {"silent": ("notifications",)}, False),
        ("confirmed", {"lag_s": {"inventory": 16.0}}, False),
        ("confirmed", {"lag_s": {"inventory": 15.0}}, True),
        ("cancelling", {"asked": (Asked("ffo_1", NOW),)}, False),
    ],
)
def test_an_order_rests_when_no_clock_runs_and_nothing_is_under_way(
    status: str, changed: dict[str, Any], is_at_rest: bool
) -> None:
    known = replace(CONFIRMED, status=status, **changed)

    assert rests(known, waits_of(known, NOW)) == is_at_rest


def test_what_was_read_last_counts_and_nothing_read_yet_is_news() -> None:
    earlier = NOW - timedelta(minutes=1)
    records = [{"recorded_at": earlier}, {"recorded_at": NOW}, {"recorded_at": earlier}]

    assert newest(records, NOW + timedelta(hours=1)) == NOW
    assert newest([], NOW) == NOW


def test_pages_that_were_opened_together_are_not_looked_at_together_again() -> None:
    """In no tenth of the time more than a fifth of them."""
    after = sorted(rest_s(f"ord_{number:08d}") for number in range(200))

    assert after[0] >= REST_S
    assert after[-1] <= 2 * REST_S
    for one in after:
        assert sum(one <= other < one + REST_S / 10 for other in after) <= 40


@pytest.mark.parametrize(
    ("lag_s", "answers", "troubled"),
    [(15.0, True, set()), (15.1, True, {"payments"}), (0.0, False, {"payments"})],
)
def test_a_service_that_orders_wait_for_is_in_trouble(
    lag_s: float, answers: bool, troubled: set[str]
) -> None:
    gauges = {"consumer_lag_seconds": {"payments": lag_s}}
    board = Board(Streams(1), instances=[Instance("payments", answers=answers, gauges=gauges)])

    assert board.troubled == troubled


class Seen:
    """A database that has decided nothing, and what the services' gauges say at each look."""

    def __init__(self, *looks: Instance) -> None:
        self.looks = list(looks)

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator["Seen"]:
        yield self

    async def now(self, _: Any) -> datetime:
        return NOW

    async def decided(self, *_: Any) -> list[Any]:
        return []

    async def look(self, _: Any) -> list[Instance]:
        return [self.looks.pop(0)]


async def test_pages_that_rest_are_looked_at_when_a_service_comes_into_trouble_and_out_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    well, away = (Instance("payments", answers=answers) for answers in (True, False))
    seen, looked = Seen(well, well, away, away, well), 0
    monkeypatch.setattr(now, "look", seen.look)
    monkeypatch.setattr(store, "decided", seen.decided)
    board = Board(Streams(1))

    async def look() -> tuple[Mapping[str, Any], float]:
        nonlocal looked
        looked += 1
        return {}, 60.0

    page = board.streams.page("ord_1", look, dict, str)
    running = cast(Running, SimpleNamespace(pool=seen, clock=seen))
    counts = []
    while seen.looks:
        board.looked_s = -math.inf  # Nobody follows a page by a stream: it looks when it is told.
        await now.look_around(running, cast(Backends, None), board)
        await page.draw()
        counts.append(looked)

    assert counts == [1, 1, 2, 2, 3]
