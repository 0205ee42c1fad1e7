"""When a worker looks for more work, and when it rests."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from shared.work.rows import LeasedRow
from shared.work.slots import Slots
from shared.work.worker import Worker


class Rested(Exception):
    """The worker has nothing to do."""


class NoRest:
    """Ends the worker as soon as it would rest."""

    def looking(self) -> None: ...

    async def rest(self) -> None:
        raise Rested


async def leases_until_rest(room: int, due: int) -> list[int]:
    """How many rows the worker asked for, each time, of ``due`` that there are."""
    asked: list[int] = []
    left = due

    async def lease(free: int) -> int:
        nonlocal left
        asked.append(free)
        taken = min(free, left)
        left -= taken
        return taken

    async def nothing(*_: Any) -> None: ...

    none: Any = None
    worker = Worker(none, "test", nothing, slots=Slots(8), lease_s=1, room=lambda: room)
    patched: Any = worker
    patched._idle, patched._lease, patched._release_own = NoRest(), lease, nothing
    with pytest.raises(Rested):
        async with asyncio.timeout(5):
            await worker.run()
    return asked


@pytest.mark.parametrize(
    ("room", "due", "looks"),
    [(4, 0, 1), (4, 3, 1), (4, 4, 2), (4, 6, 2)],
    ids=["nothing", "less than asked for", "all that it asked for", "then less"],
)
async def test_who_got_less_than_was_asked_for_has_seen_all(
    room: int, due: int, looks: int
) -> None:
    assert len(await leases_until_rest(room, due)) == looks


async def test_what_is_promised_when_the_end_comes_is_waited_for() -> None:
    done: list[int] = []

    async def perform(row: LeasedRow) -> None:
        await asyncio.sleep(0)
        done.append(row.id)

    none: Any = None
    worker = Worker(none, "test", perform, slots=Slots(8), lease_s=1)
    worker._is_open = True
    assert worker.promise()
    draining = asyncio.create_task(worker.drain(5))
    await asyncio.sleep(0)
    assert not draining.done()
    worker.take([a_row(7)], 1, ())
    await draining
    assert done == [7]


async def test_the_end_waits_no_longer_than_it_may() -> None:
    none: Any = None
    cancelled = asyncio.Event()

    async def perform(_: LeasedRow) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    worker = Worker(none, "test", perform, slots=Slots(8), lease_s=1)
    worker.take([a_row(1)], 0, ())
    await asyncio.sleep(0)
    await worker.drain(0.05)
    await asyncio.wait_for(cancelled.wait(), 5)


def a_row(number: int) -> LeasedRow:
    return LeasedRow(number, f"ord_{number}", "test", {}, 1, None, uuid4(), "")


async def test_no_more_is_promised_than_there_is_room_for() -> None:
    none: Any = None
    worker = Worker(none, "test", none, slots=Slots(8), lease_s=1, room=lambda: 3)
    worker._is_open = True
    assert [worker.promise() for _ in range(5)] == [True, True, True, False, False]
    worker.take((), 2, ())
    assert [worker.promise() for _ in range(3)] == [True, True, False]
