"""Group commit: what comes while a transaction is under way shares the next one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting(Generic[Item, Result]):
    item: Item
    result: "asyncio.Future[Result]"


@dataclass
class GroupCommit(Generic[Item, Result]):
    """``commit`` takes items in one transaction and gives a result for each, in their order.

    If it fails, each item is tried in a transaction of its own. The idea is from DeWitt et al.,
    "Implementation Techniques for Main Memory Database Systems" (SIGMOD 1984).
    """

    commit: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]]
    items_max: int
    _waiting: list[_Waiting[Item, Result]] = field(default_factory=list)
    _task: "asyncio.Task[None] | None" = None

    async def take(self, item: Item) -> Result:
        """Wait until ``item`` is committed. Raises what ``commit`` raises for it alone."""
        result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(item, result))
        if self._task is None:
            self._task = asyncio.create_task(self._serve())
        return await result

    async def _serve(self) -> None:
        try:
            while self._waiting:
                group = self._waiting[: self.items_max]
                del self._waiting[: self.items_max]
                await self._settle(group)
        finally:
            self._task = None

    async def _settle(self, group: Sequence[_Waiting[Item, Result]]) -> None:
        try:
            results = await self.commit([one.item for one in group])
        except Exception as error:
            if len(group) > 1:
                for one in group:
                    await self._settle([one])
            elif not group[0].result.done():
                group[0].result.set_exception(error)
            return
        for one, result in zip(group, results, strict=True):
            if not one.result.done():
                one.result.set_result(result)
