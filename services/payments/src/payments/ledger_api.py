"""HTTP: the ledger of an order, entry by entry."""

from datetime import datetime
from typing import Annotated, Literal

from asyncpg import Record
from fastapi import APIRouter, Query
from pydantic import BaseModel
from shared.contracts.storefront import Storable
from shared.http.paging import CURSOR_LENGTH_MAX, cursor_after, number_of_cursor
from shared.http.routes import JsonRoute, problems
from shared.service import Running

from payments import store
from payments.domain.attempts import Operation
from payments.domain.ledger import Account

LIMIT_MAX = 200


class EntryView(BaseModel):
    """One side of an operation that moved money. ``amount_minor`` is never negative.

    The other side has the same ``tx_id``; ``operation``, ``number`` and ``reason`` are the cause.
    """

    tx_id: str
    account: Account
    side: Literal["debit", "credit"]
    amount_minor: int
    currency: str
    operation: Operation
    number: int
    reason: str
    provider_reference: str
    at: datetime


class EntriesView(BaseModel):
    """Entries as they were booked; ``next_cursor`` when there are more."""

    entries: list[EntryView]
    next_cursor: str | None


def ledger_router(running: Running) -> APIRouter:
    """The route of a running payments service."""
    routes = APIRouter(prefix="/v1/ledger-entries", tags=["payments"], route_class=JsonRoute)

    @routes.get("", openapi_extra=problems(_400="invalid-cursor"))
    async def list_entries(
        order_id: Annotated[str, Query(min_length=1, max_length=128), Storable],
        limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = 100,
        cursor: Annotated[str | None, Query(max_length=CURSOR_LENGTH_MAX)] = None,
    ) -> EntriesView:
        """What was booked for an order, the oldest first: two entries for each operation."""
        filters = {"order_id": order_id}
        after = number_of_cursor(cursor, filters) or 0
        async with running.pool.acquire() as db:
            found = await store.ledger_of(db, order_id, after, limit + 1)
        shown = found[:limit]
        more = len(found) > limit
        return EntriesView(
            entries=[_view(one) for one in shown],
            next_cursor=cursor_after(str(shown[-1]["id"]), filters) if more else None,
        )

    return routes


def _view(entry: Record) -> EntryView:
    amount_minor: int = entry["amount_minor"]
    side = "debit" if amount_minor > 0 else "credit"
    return EntryView.model_validate({**entry, "side": side, "amount_minor": abs(amount_minor)})
