"""Two services' rows about the same orders, a page of order ids at a time."""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import asyncpg

from local_runtime.audit.comparison import WRONG_MAX, Reading

PAGE = 2_000
READ_ONLY = {
    "application_name": "audit",
    "default_transaction_read_only": "on",
    "statement_timeout": "30s",
    "max_parallel_workers_per_gather": "0",
}
CONNECT_TIMEOUT_S = 5


class OfOrder(Protocol):
    @property
    def order_id(self) -> str: ...


Ours = TypeVar("Ours", bound=OfOrder)
Theirs = TypeVar("Theirs", bound=OfOrder)


@asynccontextmanager
async def reading(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A session that can change nothing."""
    db = await asyncpg.connect(dsn, timeout=CONNECT_TIMEOUT_S, server_settings=READ_ONLY)
    try:
        yield db
    finally:
        await db.close()


@dataclass(frozen=True)
class Side(Generic[Ours]):
    """``query`` gives the fields of ``row``; it has ``{which}`` where a condition belongs."""

    dsn: str
    query: str
    row: Callable[..., Ours]

    async def page(self, db: asyncpg.Connection, after: str, until: str | None) -> list[Ours]:
        """At most a page after ``after``, in the order of ids; ``until`` is the last of it."""
        limit = PAGE if until is None else PAGE + WRONG_MAX
        which = "order_id > $1" if until is None else "order_id > $1 AND order_id <= $2"
        return await self._rows(db, which, limit, *([after] if until is None else [after, until]))

    async def of(self, db: asyncpg.Connection, order_ids: Collection[str]) -> list[Ours]:
        return await self._rows(db, "order_id = ANY($1)", len(order_ids), list(order_ids))

    async def _rows(
        self, db: asyncpg.Connection, which: str, limit: int, *values: object
    ) -> list[Ours]:
        query = self.query.format(which=which) + f" ORDER BY order_id LIMIT {limit}"
        return [self.row(**one) for one in await db.fetch(query, *values)]


@dataclass(frozen=True)
class ByOrder(Generic[Ours, Theirs]):
    """``judge`` is given both rows of an order, or None where there is none."""

    name: str
    sentence: str
    orders: Side[Ours]
    others: Side[Theirs]
    judge: Callable[[Ours | None, Theirs | None], str | None]

    async def look(self) -> Reading:
        """Every order that either side has; memory is bounded by the page."""
        found, after = Reading(), ""
        async with reading(self.orders.dsn) as orders, reading(self.others.dsn) as others:
            while True:
                ours = await self.orders.page(orders, after, None)
                until = ours[-1].order_id if len(ours) == PAGE else LAST
                theirs = await self.others.page(others, after, until)
                found.compared += len(ours)
                found.note(judged(ours, theirs, self.judge))
                if until == LAST:
                    return found
                after = until

    async def look_again(self, ids: Collection[str]) -> Mapping[str, str]:
        async with reading(self.orders.dsn) as orders, reading(self.others.dsn) as others:
            ours = await self.orders.of(orders, ids)
            return judged(ours, await self.others.of(others, ids), self.judge)


LAST = "\U0010ffff"
"""Behind every order id."""


def judged(
    ours: Iterable[Ours],
    theirs: Iterable[Theirs],
    judge: Callable[[Ours | None, Theirs | None], str | None],
) -> dict[str, str]:
    """Why an order is wrong, for those that are."""
    left = {one.order_id: one for one in ours}
    right = {one.order_id: one for one in theirs}
    verdicts = {
        order_id: judge(left.get(order_id), right.get(order_id))
        for order_id in sorted(left.keys() | right.keys())
    }
    return {order_id: why for order_id, why in verdicts.items() if why is not None}
