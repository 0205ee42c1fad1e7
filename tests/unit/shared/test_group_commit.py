"""Group commit: what comes meanwhile goes together, and one that fails harms no other."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import asyncpg
import pytest
from shared.group_commit import GroupCommit


@dataclass
class Table:
    """Commits when it is told to; refuses ``bad`` items, and all of them during an outage."""

    bad: set[int] = field(default_factory=set)
    error: type[Exception] = ZeroDivisionError
    groups: list[list[int]] = field(default_factory=list)
    began: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def commit(self, items: Sequence[int], alone: bool) -> list[int]:
        self.groups.append(list(items))
        self.began.set()
        await self.go_on.wait()
        if self.bad & set(items):
            raise self.error("not now")
        return [10 * one for one in items]


async def all_at_once(table: Table, items: Sequence[int], items_max: int = 100) -> list[object]:
    together = GroupCommit(table.commit, items_max)
    takes = [asyncio.create_task(together.take(one)) for one in items]
    await asyncio.sleep(0)
    table.go_on.set()
    return list(await asyncio.gather(*takes, return_exceptions=True))


async def test_the_first_goes_at_once_and_what_comes_meanwhile_goes_together() -> None:
    table = Table()
    together = GroupCommit(table.commit, 100)
    first = asyncio.create_task(together.take(1))
    await table.began.wait()
    others = [asyncio.create_task(together.take(n)) for n in (2, 3, 4)]
    await asyncio.sleep(0)
    table.go_on.set()

    assert await asyncio.gather(first, *others) == [10, 20, 30, 40]
    assert table.groups == [[1], [2, 3, 4]]


async def test_who_would_wait_too_long_for_a_group_to_begin_is_left_out() -> None:
    table = Table()
    together = GroupCommit(table.commit, 100)
    first = asyncio.create_task(together.take(1, wait_s=0.01))
    await table.began.wait()

    with pytest.raises(TimeoutError):
        await together.take(2, wait_s=0.01)
    table.go_on.set()

    assert await first == 10
    assert await together.take(3, wait_s=5) == 30
    assert table.groups == [[1], [3]]


async def test_a_group_has_a_limit() -> None:
    table = Table()

    assert await all_at_once(table, range(7), items_max=3) == [10 * n for n in range(7)]
    assert [len(group) for group in table.groups] == [3, 3, 1]


async def test_one_that_fails_fails_alone() -> None:
    table = Table(bad={2})
    results = await all_at_once(table, (1, 2, 3))

    assert [type(one) for one in results] == [int, ZeroDivisionError, int]
    assert table.groups == [[1, 2, 3], [1], [2], [3]]


@pytest.mark.parametrize("error", [ConnectionError, asyncpg.InterfaceError, TimeoutError])
async def test_an_outage_is_told_to_all_at_once(error: type[Exception]) -> None:
    table = Table(bad={2}, error=error)
    results = await all_at_once(table, (1, 2, 3))

    assert {type(one) for one in results} == {error}
    assert table.groups == [[1, 2, 3]]


async def test_a_lock_that_one_waits_for_is_no_outage() -> None:
    table = Table(bad={2}, error=asyncpg.LockNotAvailableError)
    results = await all_at_once(table, (1, 2, 3))

    assert [type(one) for one in results] == [int, asyncpg.LockNotAvailableError, int]


async def test_who_no_longer_waits_holds_up_nobody() -> None:
    table = Table()
    together = GroupCommit(table.commit, 100)
    first = asyncio.create_task(together.take(1))
    await table.began.wait()
    gone, stays = (asyncio.create_task(together.take(n)) for n in (2, 3))
    await asyncio.sleep(0)
    gone.cancel()
    table.go_on.set()

    assert (await first, await stays) == (10, 30)
