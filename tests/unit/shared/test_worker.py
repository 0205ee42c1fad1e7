"""When a worker looks for more work, and when it rests."""

import asyncio
from typing import Any

import pytest
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
