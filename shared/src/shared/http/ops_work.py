"""Ops endpoints about calls to the outside: what waits, for whom, and trying one again now."""

from typing import Annotated, Any

from asyncpg import Record
from fastapi import APIRouter, Path, Query

from shared import backlog
from shared.clock import rfc3339
from shared.contracts.storefront import Storable
from shared.http.operators import UNNAMED, Operator, acted
from shared.http.problem import Problem, not_found
from shared.http.routes import problems
from shared.service import Running

BIGINT_MAX = 2**63 - 1
WORK = "/work"
RowId = Annotated[int, Path(ge=0, le=BIGINT_MAX)]
OrderId = Annotated[str, Query(min_length=1, max_length=128), Storable]


def work_routes(router: APIRouter, running: Running) -> None:
    @router.get(WORK)
    async def work(order_id: OrderId | None = None) -> dict[str, Any]:
        """What waits by kind, and the twenty oldest, or those of one order, with last errors."""
        kinds = [
            {**dict(row), "oldest_age_s": row["age"]}
            for row in await backlog.read_work(running.pool)
        ]
        oldest = await backlog.read_oldest_work(running.pool, order_id)
        return {"kinds": kinds, "oldest": [_shown(row) for row in oldest]}

    @router.post(
        WORK + "/{row_id}/retry", openapi_extra=problems(_404="not-found", _409="under-way done")
    )
    async def retry(row_id: RowId, operator: Operator = UNNAMED) -> dict[str, Any]:
        """Have the call made now instead of when it is due; its key and its rules stay."""
        async with running.pool.acquire() as db:
            row = await backlog.make_due(db, row_id, await running.clock.now(db))
        if row is None:
            raise not_found(f"No call {row_id}.")
        if row["done"]:
            raise Problem(409, "done", "It was made meanwhile.")
        if row["lease_token"] is not None:
            raise Problem(409, "under-way", "It is under way; look again in a moment.")
        acted("work-retried", operator, work_id=row_id, order_id=row["order_id"])
        running.transactions.made_due({row["order_id"]})
        return {"id": row_id, "order_id": row["order_id"], "kind": row["kind"]}


def _shown(row: Record) -> dict[str, Any]:
    times = ("not_before", "created_at", "call_started_at", "lease_until")
    return {**dict(row), **{name: row[name] and rfc3339(row[name]) for name in times}}
