"""What must hold at all times in this service's database; each query names what breaks it."""

from shared.service import Invariant

INVARIANTS = (
    Invariant(
        "ledger-balances",
        "Both sides of every ledger transaction sum to zero.",
        "SELECT tx_id FROM ledger_entries GROUP BY tx_id, currency HAVING sum(amount_minor) <> 0",
    ),
    Invariant(
        "ledger-explains-payments",
        "What the ledger holds for an order is what its payment captured less what it gave back.",
        """SELECT p.order_id FROM payments p
        LEFT JOIN (SELECT order_id, sum(amount_minor) AS held FROM ledger_entries
                   WHERE account = 'provider_clearing' GROUP BY order_id) l USING (order_id)
        WHERE coalesce(l.held, 0) <> p.captured_minor - p.refunded_minor""",
    ),
    Invariant(
        "ended-orders-keep-no-money",
        "Money that pays for no live order is given back or has a refund under way.",
        """SELECT order_id FROM payments
        WHERE (end_reason IS NOT NULL OR decline_reason IS NOT NULL OR status = 'captured_late')
          AND captured_minor > refunded_minor + refund_queued_minor""",
    ),
    Invariant(
        "queued-refunds-are-asked-for",
        "What a payment has queued to give back is the sum of its open refunds.",
        """SELECT p.order_id FROM payments p
        LEFT JOIN (SELECT order_id, sum(amount_minor) AS asked FROM payment_attempts
                   WHERE operation = 'refund' AND state = 'open' GROUP BY order_id) a
            USING (order_id)
        WHERE p.refund_queued_minor <> coalesce(a.asked, 0)""",
    ),
    Invariant(
        "refunds-are-under-way",
        "Every refund that is queued has a work row, so that it is tried until it is made.",
        """SELECT a.order_id FROM payment_attempts a
        WHERE a.operation = 'refund' AND a.state = 'open' AND NOT EXISTS (
            SELECT FROM work_rows w WHERE w.order_id = a.order_id AND w.kind = 'refund'
              AND NOT w.done AND (w.payload ->> 'number')::integer = a.number)""",
    ),
    Invariant(
        "charges-are-under-way",
        "Every payment that is pending or unknown has a work row that will decide it.",
        """SELECT p.order_id FROM payments p
        WHERE p.status IN ('pending', 'unknown') AND NOT EXISTS (
            SELECT FROM work_rows w WHERE w.order_id = p.order_id AND w.kind = 'charge'
              AND NOT w.done)""",
    ),
    Invariant(
        "tokens-are-forgotten",
        "A token is kept only while a charge may still be started.",
        """SELECT order_id FROM payments WHERE token IS NOT NULL
          AND (end_reason IS NOT NULL OR status NOT IN ('pending', 'unknown'))""",
    ),
)
