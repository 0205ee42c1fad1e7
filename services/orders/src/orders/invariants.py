"""What the orders service promises at all times, as queries that give no rows."""

from shared.service import Invariant

INVARIANTS = (
    Invariant(
        "no-stuck-order",
        "No order is pending a minute after its deadline.",
        "SELECT order_id FROM orders WHERE status = 'pending' "
        "AND deadline_at < now() - interval '60 s'",
    ),
    Invariant(
        "history-is-whole",
        "An order's transitions are numbered 1 to its version, without a gap.",
        "SELECT o.order_id FROM orders o LEFT JOIN order_transitions t USING (order_id) "
        "GROUP BY o.order_id, o.version "
        "HAVING count(t.version) <> o.version OR max(t.version) <> o.version",
    ),
    Invariant(
        "confirmed-is-paid-and-held",
        "A confirmed order has its money and its stock.",
        "SELECT order_id FROM orders WHERE status IN ('confirmed', 'completed') "
        "AND (stock <> 'reserved' OR payment NOT IN ('captured', 'refunded'))",
    ),
    Invariant(
        "ended-is-not-paid",
        "An order that was rejected, has expired or was cancelled keeps no money as its own.",
        "SELECT order_id FROM orders WHERE status IN ('rejected', 'expired', 'cancelled') "
        "AND payment = 'captured'",
    ),
)
