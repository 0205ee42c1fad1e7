"""Group commit: what comes while a transaction is under way shares the next one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from shared.database.transient import is_outage

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
    now. The idea is from DeWitt et al., "Implementation Techniques for Main Memory Database
    Systems" (SIGMOD 1984).
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
            # In a context of its own: a group belongs to the trace of none of its items.
            self._task = asyncio.create_task(self._serve(), context=Context())
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
            if len(group) > 1 and not is_outage(error):
                for one in group:
                    await self._settle([one])
                return
            for one in group:
                if not one.result.done():
                    one.result.set_exception(error)
            return
        for one, result in zip(group, results, strict=True):
            if not one.result.done():
                one.result.set_result(result)
