"""What the API tells about stock and fulfilment, read without locks."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from asyncpg import Pool, Record
from shared.http.paging import cursor_after, key_of_cursor
from shared.http.problem import not_found

from inventory import store
from inventory.domain.order import FulfilmentProgress, OrderHolds
from inventory.views import (
    FulfilmentOrdersView,
    ShipmentView,
    StockView,
    fulfilment_order_view,
    shipment_view,
    stock_view,
)

T = TypeVar("T")


@dataclass(frozen=True)
class Page:
    """Which fulfilment orders: those after ``cursor``, at most ``limit``."""

    order_id: str | None
    status: FulfilmentProgress | None
    cursor: str | None
    limit: int

    @property
    def filters(self) -> dict[str, str | None]:
        return {"order_id": self.order_id, "status": self.status}


async def read_stock(pool: "Pool[Record]", sku: str) -> StockView:
    """Raises ``Problem`` 404 for a SKU that was never received."""
    async with pool.acquire() as db:
        levels = await store.read_levels(db, sku)
    if not levels:
        raise not_found("Nothing was ever received of this SKU.")
    return stock_view(sku, levels)


async def read_shipment(pool: "Pool[Record]", shipment_id: str) -> ShipmentView:
    """Raises ``Problem`` 404."""
    async with pool.acquire() as db:
        shipment = await store.read_shipment(db, shipment_id)
    if shipment is None:
        raise not_found("There is no such shipment.")
    return shipment_view(shipment)


async def list_fulfilment_orders(pool: "Pool[Record]", page: Page) -> FulfilmentOrdersView:
    """One page, as of one moment; ``next_cursor`` when there is more.

    Raises ``Problem`` 400 when ``cursor`` is not of this question.
    """
    after = key_of_cursor(page.cursor, page.filters) or ""
    async with (
        pool.acquire() as db,
        db.transaction(isolation="repeatable_read", readonly=True),
    ):
        found = await store.read_fulfilment_orders(
            db, after, page.order_id, page.status, page.limit + 1
        )
        orders = found[: page.limit]
        ids = [order.order_id for order in orders]
        holds = _by(lambda hold: hold.order_id, await store.read_holds(db, ids))
        shipments = _by(lambda one: one.order_id, await store.read_shipments(db, ids))
    return FulfilmentOrdersView(
        fulfilment_orders=[
            fulfilment_order_view(order, holds[order.order_id], shipments[order.order_id])
            for order in orders
        ],
        next_cursor=_cursor(orders, page) if len(found) > page.limit else None,
    )


def _cursor(orders: Sequence[OrderHolds], page: Page) -> str:
    last = orders[-1].fulfilment_order_id
    assert last is not None
    return cursor_after(last, page.filters)


def _by(key: Callable[[T], str], values: Iterable[T]) -> defaultdict[str, list[T]]:
    groups: defaultdict[str, list[T]] = defaultdict(list)
    for value in values:
        groups[key(value)].append(value)
    return groups
