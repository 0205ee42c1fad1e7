"""Group commit: what comes while a transaction is under way shares the next one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import asyncpg

from shared.database.transient import is_outage
from shared.pace import Pace

PACE_ENOUGH = 50
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting(Generic[Item, Result]):
    item: Item
    result: "asyncio.Future[Result]"


@dataclass
class GroupCommit(Generic[Item, Result]):
    """``commit`` takes items in one transaction and gives a result for each, in their order.

    If it fails, each item is tried in a transaction of its own, unless no transaction would work
    now; nobody waits for those. ``commit`` is told whether an item is ``alone``: a group had
    better not wait long for a lock that one of its items needs. The idea is from DeWitt et al.,
    "Implementation Techniques for Main Memory Database Systems" (SIGMOD 1984).
    """

    commit: Callable[[Sequence[Item], bool], Awaitable[Sequence[Result]]]
    items_max: int
    pace: Pace = field(default_factory=lambda: Pace(PACE_ENOUGH))
    _waiting: list[_Waiting[Item, Result]] = field(default_factory=list)
    _task: "asyncio.Task[None] | None" = None
    _alone: set["asyncio.Task[None]"] = field(default_factory=set)

    async def take(self, item: Item, wait_s: float | None = None) -> Result:
        """Wait until ``item`` is committed. Raises what ``commit`` raises for it alone.

        Raises ``TimeoutError``, and ``item`` is left out, when its group does not begin within
        ``wait_s``; what has begun is waited for.
        """
        one: _Waiting[Item, Result] = _Waiting(item, asyncio.get_running_loop().create_future())
        self._waiting.append(one)
        if self._task is None:
            self._task = asyncio.create_task(self._serve())
        if wait_s is not None:
            await asyncio.wait({one.result}, timeout=wait_s)
            if one in self._waiting:
                self._waiting.remove(one)
                raise TimeoutError
        return await one.result

    async def _serve(self) -> None:
        try:
            while self._waiting:
                group = self._waiting[: self.items_max]
                del self._waiting[: self.items_max]
                self.pace.begin()
                await self._settle(group)
                self.pace.end(len(group))
                await self.pace.rest()
        finally:
            self._task = None

    async def _settle(self, group: Sequence[_Waiting[Item, Result]], alone: bool = False) -> None:
        try:
            results = await self.commit([one.item for one in group], alone)
        except Exception as error:
            if not alone and _is_about_one(error, len(group)):
                self._try_each(group)
                return
            for one in group:
                if not one.result.done():
                    one.result.set_exception(error)
            return
        for one, result in zip(group, results, strict=True):
            if not one.result.done():
                one.result.set_result(result)

    def _try_each(self, group: Sequence[_Waiting[Item, Result]]) -> None:
        for one in group:
            task = asyncio.create_task(self._settle([one], alone=True))
            self._alone.add(task)
            task.add_done_callback(self._alone.discard)


def _is_about_one(error: Exception, items: int) -> bool:
    """Whether the others may fare better without one of them, or one that can wait longer."""
    if items == 1:
        return isinstance(error, asyncpg.LockNotAvailableError)
    return not is_outage(error)
