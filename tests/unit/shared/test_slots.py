"""How many calls are under way at once, and how many rows may be in hand."""

import asyncio

import pytest
from shared.work import slots
from shared.work.slots import NoSlot, Slots

from tests.support.waiting import pause


async def call(taken: Slots, under_way: list[int], ends: asyncio.Event) -> None:
    async with taken.take():
        under_way[0] += 1
        under_way[1] = max(under_way)
        await ends.wait()
        under_way[0] -= 1


async def test_no_more_calls_are_under_way_than_may_be() -> None:
    taken, under_way, ends = Slots(calls_max=3), [0, 0], asyncio.Event()
    calls = [asyncio.create_task(call(taken, under_way, ends)) for _ in range(10)]
    await pause(0)
    assert under_way[0] == 3
    ends.set()
    await asyncio.gather(*calls)
    assert under_way == [0, 3]


async def test_who_waits_too_long_makes_no_call() -> None:
    taken, ends = Slots(calls_max=1, wait_s=0.01), asyncio.Event()
    holder = asyncio.create_task(call(taken, [0, 0], ends))
    await pause(0)
    with pytest.raises(NoSlot):
        async with taken.take():
            pytest.fail("a call beyond what may be under way")
    ends.set()
    await holder
    async with taken.take():
        pass


async def test_a_call_that_fails_gives_its_slot_back() -> None:
    taken = Slots(calls_max=1, wait_s=0.01)
    with pytest.raises(ZeroDivisionError):
        async with taken.take():
            raise ZeroDivisionError
    async with taken.take():
        pass


async def test_as_many_rows_are_in_hand_as_calls_ended_in_the_last_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(slots, "WINDOW_S", 0.05)
    taken = Slots(calls_max=4)
    assert taken.rows_max == 4
    for _ in range(20):
        async with taken.take():
            pass
    assert taken.rows_max == 24
    await pause(0.06)
    assert taken.rows_max == 4


async def test_what_is_in_hand_is_bounded() -> None:
    taken = Slots(calls_max=4)
    for _ in range(slots.ROWS_MAX + 50):
        async with taken.take():
            pass
    assert taken.rows_max == slots.ROWS_MAX + 4
