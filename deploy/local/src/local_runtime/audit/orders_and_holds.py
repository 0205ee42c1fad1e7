"""Holds against open orders: the stock that inventory keeps, the orders of orders."""

from dataclasses import dataclass

from local_runtime.audit.by_order import ByOrder, Side
from local_runtime.audit.orders_and_money import ENDED, LIVE

# What was ordered and what was taken are compared as one digest of SKUs and units.
_ORDERS = """
SELECT order_id, status, fulfilment,
    (SELECT md5(string_agg(sku || ' ' || units, E'\\n' ORDER BY sku COLLATE "C"))
     FROM (SELECT sku, sum(quantity) AS units FROM order_lines l
           WHERE l.order_id = o.order_id GROUP BY sku) s) AS goods
FROM orders o WHERE {which}
"""
_HOLDS = """
SELECT order_id, coalesce(held, 0)::bigint AS held, coalesce(released, 0)::bigint AS released,
    fulfilment_status AS fulfilment, goods
FROM (SELECT order_id, fulfilment_status FROM order_holds WHERE {which}) o FULL JOIN (
    SELECT order_id, sum(held) AS held, sum(released) AS released,
        md5(string_agg(sku || ' ' || units, E'\\n' ORDER BY sku COLLATE "C")) AS goods
    FROM (SELECT order_id, sku, sum(quantity) AS units, sum(released) AS released,
              sum(quantity - shipped - released) AS held
          FROM holds WHERE {which} GROUP BY order_id, sku) s
    GROUP BY order_id) h USING (order_id)
"""


@dataclass(frozen=True, slots=True)
class Order:
    """An order as orders has it."""

    order_id: str
    status: str
    fulfilment: str
    goods: str | None


@dataclass(frozen=True, slots=True)
class Holds:
    """Units that inventory holds for an order now, and has taken back from it."""

    order_id: str
    held: int
    released: int
    fulfilment: str | None
    goods: str | None


def judge(order: Order | None, holds: Holds | None) -> str | None:
    """Why an order's goods are wrong; a pending order may be on its way to either end."""
    held = holds.held if holds else 0
    if order is None:
        return f"{held} units held for no order" if held else None
    if order.status in ENDED:
        return f"{order.status}, and {held} units are held" if held else None
    return _live(order, holds) if order.status in LIVE else None


def _live(order: Order, holds: Holds | None) -> str | None:
    """A live order has all its goods, here or on their way."""
    if holds is None or holds.goods is None:
        return f"{order.status}, and nothing is held"
    if holds.goods != order.goods:
        return f"{order.status}, and other goods are held than were ordered"
    if holds.released:
        return f"{order.status}, and {holds.released} units were released"
    if order.status != "cancelling" and holds.fulfilment != order.fulfilment:
        return f"orders says {order.fulfilment}, inventory says {holds.fulfilment}"
    return None


def comparison(orders_dsn: str, inventory_dsn: str) -> ByOrder[Order, Holds]:
    """Reads the two databases."""
    return ByOrder(
        "holds-follow-orders",
        "Each live order has its goods held or sent, and nothing is held for any other.",
        Side(orders_dsn, _ORDERS, Order),
        Side(inventory_dsn, _HOLDS, Holds),
        judge,
    )
