"""Pace: who is busy rests a little, and nobody else waits."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from shared.pace import REST_S_MAX, Pace


@dataclass
class Watch:
    """Time that passes only when somebody says so."""

    now: float = 1000.0
    rested_s: float = 0.0

    def time(self) -> float:
        return self.now

    async def sleep(self, delay_s: float) -> None:
        self.now += delay_s
        self.rested_s += delay_s


@pytest.fixture
async def watch(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watch]:
    watch = Watch()
    monkeypatch.setattr(asyncio.get_running_loop(), "time", watch.time, raising=False)
    monkeypatch.setattr(asyncio, "sleep", watch.sleep)
    yield watch
    monkeypatch.undo()


async def rested_after(watch: Watch, pace: Pace, *rounds: tuple[float, float, int]) -> float:
    """Seconds rested after the last of rounds: waited for, took, items."""
    for waited_s, took_s, items in rounds:
        await pace.rest()
        watch.rested_s = 0
        watch.now += waited_s
        pace.begin()
        watch.now += took_s
        pace.end(items)
    await pace.rest()
    return watch.rested_s


async def test_the_first_round_and_one_that_was_waited_for_are_followed_by_no_rest(
    watch: Watch,
) -> None:
    assert await rested_after(watch, Pace(100), (5, 0.01, 1)) == 0
    assert await rested_after(watch, Pace(100), (5, 0.01, 1), (0.05, 0.01, 1)) == 0


async def test_who_finds_work_at_once_rests_as_long_as_it_took(watch: Watch) -> None:
    rested_s = await rested_after(watch, Pace(100), (5, 0.01, 1), (0, 0.004, 1), (0, 0.006, 2))

    assert rested_s == pytest.approx(0.006)


async def test_a_rest_has_a_limit(watch: Watch) -> None:
    assert await rested_after(watch, Pace(100), (5, 1, 1), (0, 3, 1)) == REST_S_MAX


async def test_rounds_begin_apart_where_nobody_waits_for_them(watch: Watch) -> None:
    pace = Pace(100, interval_s_min=0.1)

    assert await rested_after(watch, pace, (5, 0.01, 1)) == pytest.approx(0.09)
    assert await rested_after(watch, pace, (0.05, 0.03, 1)) == pytest.approx(0.07)
    assert await rested_after(watch, pace, (0, 0.01, 100)) == 0, "a full one"
    assert await rested_after(watch, pace, (0, 0.2, 1)) == REST_S_MAX, "a long one"


async def test_a_full_round_is_followed_by_the_next_one_at_once(watch: Watch) -> None:
    assert await rested_after(watch, Pace(100), (5, 0.01, 100), (0, 0.01, 100)) == 0
    assert await rested_after(watch, Pace(0), (5, 0.01, 1), (0, 0.01, 1)) == 0
