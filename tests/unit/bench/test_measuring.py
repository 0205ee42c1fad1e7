"""What goes on beside a load begins and ends with it."""

import asyncio
from typing import cast

import pytest

from tests.bench.load import Load
from tests.bench.measuring import during
from tests.support.waiting import eventually


@pytest.fixture
def load() -> Load:
    return Load(cast("asyncio.subprocess.Process", None), lambda _: None)


class Work:
    """Goes on until it is cancelled, or fails."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.began = self.cancelled = False

    async def do(self) -> None:
        self.began = True
        if self.fails:
            raise OSError("no broker")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise


async def begun(work: Work) -> None:
    async def look() -> bool:
        return work.began

    await eventually(look, "the work has begun")


async def test_begins_with_the_load_and_is_cancelled_at_its_end(load: Load) -> None:
    work = Work()

    async with during(load, work.do):
        assert not work.began
        load.begun.set()
        await begun(work)

    assert work.cancelled


async def test_does_nothing_when_the_load_never_begins(load: Load) -> None:
    work = Work()

    async with during(load, work.do):
        pass

    assert not work.began


async def test_a_failure_ends_the_load_at_once(load: Load) -> None:
    load.begun.set()

    with pytest.raises(ExceptionGroup) as failed:
        async with during(load, Work(fails=True).do):
            await asyncio.Event().wait()

    assert [str(one) for one in failed.value.exceptions] == ["no broker"]
