"""Captured money against live orders: the ledger of payments, the orders of orders."""

from dataclasses import dataclass

from local_runtime.audit.by_order import ByOrder, Side

LIVE = frozenset({"confirmed", "cancelling", "completed"})
ENDED = frozenset({"rejected", "expired", "cancelled"})

_ORDERS = "SELECT order_id, status, total_minor, currency FROM orders WHERE {which}"
# A charge that came beside the order's own is kept apart: it never pays for the order.
_MONEY = """
SELECT order_id, charged_minor, returned_minor, own_minor, own_currency,
    (SELECT coalesce(sum(amount_minor), 0)::bigint FROM payment_attempts a
     WHERE a.order_id = l.order_id AND operation = 'refund' AND state = 'open') AS returning_minor
FROM (
    SELECT l.order_id,
        coalesce(sum(l.amount_minor) FILTER (WHERE l.operation = 'charge'), 0)::bigint
            AS charged_minor,
        coalesce(-sum(l.amount_minor) FILTER (WHERE l.operation = 'refund'), 0)::bigint
            AS returned_minor,
        coalesce(sum(l.amount_minor) FILTER (
            WHERE l.operation = 'charge' AND a.stray_charge IS NULL), 0)::bigint AS own_minor,
        coalesce(min(l.currency) FILTER (
            WHERE l.operation = 'charge' AND a.stray_charge IS NULL), '') AS own_currency
    FROM (SELECT * FROM ledger_entries WHERE account = 'provider_clearing' AND {which}) l
    LEFT JOIN payment_attempts a ON a.provider_key = l.tx_id
    GROUP BY l.order_id
) l
"""


@dataclass(frozen=True, slots=True)
class Order:
    """An order as orders has it; amounts in minor units."""

    order_id: str
    status: str
    total_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Money:
    """What the ledger says moved; ``own`` is the order's own charge, ``returning`` is asked."""

    order_id: str
    charged_minor: int
    returned_minor: int
    own_minor: int
    own_currency: str
    returning_minor: int

    @property
    def held_minor(self) -> int:
        return self.charged_minor - self.returned_minor


def judge(order: Order | None, money: Money | None) -> str | None:
    """Why an order's money is wrong; a pending order may be on its way to either end."""
    if money is not None and money.held_minor < 0:
        return f"{-money.held_minor} more given back than taken"
    if order is None:
        return f"{money.held_minor} held for no order" if money and money.held_minor else None
    if order.status in LIVE:
        return _live(order, money)
    if order.status in ENDED and money and money.held_minor > money.returning_minor:
        return f"{order.status}, and {money.held_minor - money.returning_minor} is kept"
    return None


def _live(order: Order, money: Money | None) -> str | None:
    """A live order was paid in full, whatever of it was given back since."""
    paid, currency = (money.own_minor, money.own_currency) if money else (0, "")
    if paid != order.total_minor:
        return f"{order.status}, and {paid} of {order.total_minor} was taken"
    if currency != order.currency:
        return f"{order.status} in {order.currency}, and paid in {currency}"
    return None


def comparison(orders_dsn: str, payments_dsn: str) -> ByOrder[Order, Money]:
    """Reads the two databases."""
    return ByOrder(
        "money-follows-orders",
        "Each live order was paid in full, and no other order's money is kept.",
        Side(orders_dsn, _ORDERS, Order),
        Side(payments_dsn, _MONEY, Money),
        judge,
    )
