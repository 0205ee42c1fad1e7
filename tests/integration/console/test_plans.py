"""What pages ask of a large read model: an index for each question, whatever is asked."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeAlias, cast

import pytest
from asyncpg import Pool, Record
from console import store
from shared.database import Db

from tests.support.console_records import AT, TRACE

Question: TypeAlias = Callable[[Db], Awaitable[Any]]
ANY = {"status": "", "channel": "", "overdue": False}
QUESTIONS: dict[str, Question] = {
    "an order": lambda db: store.order(db, "ord_1"),
    "its records": lambda db: store.records_of(db, ["ord_1", "web-ord_1"]),
    "what was done about it": lambda db: store.actions(db, "ord_1", 100),
    "its spans": lambda db: store.spans_of(db, TRACE),
    "orders": lambda db: store.orders(db, ANY, AT, None, 51),
    "older orders": lambda db: store.orders(db, ANY, AT, "ord_9", 51),
    "of a status": lambda db: store.orders(db, {**ANY, "status": "pending"}, AT, None, 51),
    "past their deadline": lambda db: store.orders(db, {**ANY, "overdue": True}, AT, None, 51),
    "found by a reference": lambda db: store.search(db, ["web-ord_1"], "web-ord_1"),
    "found by a trace": lambda db: store.search(db, [TRACE], TRACE),
    "the last minutes": lambda db: store.decided(db, AT, timedelta(seconds=5)),
    "the chart": lambda db: store.by_minute(db, AT),
    "money": lambda db: store.money(db, AT),
    "undecided": lambda db: store.undecided(db, AT),
    "a record": lambda db: store.record_at(db, "orders.events.v1", 0, 7),
}


@dataclass
class Explains:
    """In place of a connection: has each statement's plan told, and gives its lines as rows."""

    db: Any
    plans: list[str] = field(default_factory=list)

    async def fetch(self, query: str, *values: Any) -> list[Any]:
        lines = await self.db.fetch("EXPLAIN " + query, *values)
        self.plans.append("\n".join(one[0] for one in lines))
        return []

    async def fetchrow(self, query: str, *values: Any) -> Any:
        await self.fetch(query, *values)
        return {}


@pytest.mark.parametrize("name", QUESTIONS)
async def test_no_page_reads_a_whole_table(pool: "Pool[Record]", name: str) -> None:
    async with pool.acquire() as db, db.transaction():
        await db.execute("SET LOCAL enable_seqscan = off")
        explains = Explains(db)
        await QUESTIONS[name](cast(Db, explains))

    [plan] = explains.plans
    assert "Index" in plan
    assert "Seq Scan" not in plan, plan
