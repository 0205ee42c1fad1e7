"""What the orders service promises at all times, as queries that give no rows."""

from shared.messaging.outbox import IS_ASIDE
from shared.service import Invariant

from orders.domain.order import NEXT, Status

_STEPS = [("", Status.PENDING)] + [(str(one), after) for one in NEXT for after in NEXT[one]]
_LEGAL = ", ".join(f"('{before}', '{after}')" for before, after in sorted(_STEPS))

INVARIANTS = (
    Invariant(
        "no-stuck-order",
        "No order is pending a minute after its deadline.",
        "SELECT order_id FROM orders WHERE status = 'pending' "
        "AND deadline_at < now() - interval '60 s'",
    ),
    Invariant(
        "no-stuck-cancellation",
        "Nobody has waited two minutes for the answer to a cancellation, or three days for that "
        "of a partner.",
        "SELECT order_id FROM orders o WHERE status = 'cancelling' AND NOT EXISTS ("
        "SELECT FROM order_transitions t WHERE t.order_id = o.order_id "
        "AND t.at > now() - interval '120 s') AND NOT EXISTS ("
        "SELECT FROM partner_cancellations p WHERE p.order_id = o.order_id "
        "AND p.asked_at > now() - interval '3 days')",
    ),
    Invariant(
        "history-is-whole",
        "An order's transitions are numbered 1 to its version, without a gap.",
        "SELECT o.order_id FROM orders o LEFT JOIN order_transitions t USING (order_id) "
        "GROUP BY o.order_id, o.version "
        "HAVING count(t.version) <> o.version OR max(t.version) <> o.version",
    ),
    Invariant(
        "transitions-are-legal",
        "Every order began pending, and each of its steps is one of the published table.",
        "SELECT t.order_id FROM order_transitions t LEFT JOIN order_transitions b "
        "ON b.order_id = t.order_id AND b.version = t.version - 1 "
        f"WHERE (coalesce(b.status, ''), t.status) NOT IN ({_LEGAL})",
    ),
    Invariant(
        "history-tells-the-order",
        "What an order is now is what its last transition says.",
        "SELECT o.order_id FROM orders o JOIN order_transitions t USING (order_id, version) "
        "WHERE (o.status, o.payment, o.stock, o.fulfilment) "
        "<> (t.status, t.payment, t.stock, t.fulfilment)",
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
    Invariant(
        "only-pending-orders-are-set-aside",
        "Of an order that was set aside nothing has happened but that it was placed.",
        "SELECT concat_ws(' ', 'outbox row', a.id, 'of', encode(a.key, 'escape')) "
        f"FROM (SELECT id, key FROM outbox WHERE {IS_ASIDE}) a "
        "LEFT JOIN orders o ON o.order_id = encode(a.key, 'escape') "
        "WHERE o.status IS DISTINCT FROM 'pending'",
    ),
)
