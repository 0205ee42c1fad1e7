"""A loop that has nothing to do looks ever more rarely, and at once when it is woken."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from shared.idle import Idle
from shared.running import REST_S_MAX, tick
from shared.service import Timer

from shared import idle as module

RUNNING: Any = SimpleNamespace()


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each rest was; none of them takes any time."""
    rests: list[float] = []

    async def sleep(seconds: float) -> None:
        rests.append(seconds)
        if len(rests) == 3:
            raise asyncio.CancelledError

    monkeypatch.setattr("shared.running.asyncio.sleep", sleep)
    return rests


async def pauses(idle: Idle, rests: int) -> list[float]:
    loop = asyncio.get_running_loop()
    taken = []
    for _ in range(rests):
        idle.looking()
        began = loop.time()
        await idle.rest()
        taken.append(loop.time() - began)
    return taken


async def test_looks_become_rarer_up_to_what_the_loop_may_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "LOOK_FIRST_S", 0.01)
    taken = await pauses(Idle(look_max_s=0.04), 4)
    for pause_s, least_s in zip(taken, (0.01, 0.02, 0.04, 0.04), strict=True):
        assert pause_s > 0.9 * least_s


async def test_what_is_due_sooner_ends_a_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_FIRST_S", 60)
    async with asyncio.timeout(5):
        await Idle().rest(due_s=0.01)


async def test_who_is_woken_looks_at_once_and_then_soon_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "LOOK_FIRST_S", 60)
    idle = Idle()
    idle.wake()
    async with asyncio.timeout(5):
        await idle.rest()
    assert idle._pause_s == module.LOOK_FIRST_S


@pytest.mark.parametrize(
    ("told_s", "rests_s"), [(None, 1.0), (0.2, 1.0), (3.0, 3.0), (900.0, REST_S_MAX)]
)
async def test_a_timer_rests_until_something_can_be_due(
    told_s: float | None, rests_s: float, slept: list[float]
) -> None:
    async def act(_: Any) -> float | None:
        return told_s

    with pytest.raises(asyncio.CancelledError):
        await tick(Timer("deadlines", 1.0, act), RUNNING)

    assert slept == [rests_s] * 3


async def test_a_timer_that_fails_looks_again_soon(slept: list[float]) -> None:
    answers: list[float | None] = [900.0, None, 900.0]

    async def act(_: Any) -> float | None:
        if (answer := answers.pop(0)) is None:
            raise TimeoutError
        return answer

    with pytest.raises(asyncio.CancelledError):
        await tick(Timer("deadlines", 1.0, act), RUNNING)

    assert slept == [REST_S_MAX, 1.0, REST_S_MAX]
