"""What must hold at all times in this service's database; each query names what breaks it."""

from shared.service import Invariant

# Whether the ledger has a movement ``m`` of the provider's list: under our key, or by itself.
IN_LEDGER = """EXISTS (
    SELECT FROM ledger_entries l
    WHERE l.tx_id IN (m.provider_key, m.charge_id) AND l.account = 'provider_clearing'
      AND l.operation = m.operation AND l.currency = m.currency
      AND l.provider_reference = CASE m.operation WHEN 'charge' THEN m.charge_id ELSE m.id END
      AND abs(l.amount_minor) = m.amount_minor)"""

# Whether a movement ``m`` is of a charge that never was ours, and was given back to the last penny.
GIVEN_BACK = """EXISTS (
    SELECT FROM provider_movements o LEFT JOIN payment_attempts k USING (provider_key)
    WHERE o.charge_id = m.charge_id
    HAVING count(k.provider_key) = 0 AND NOT bool_or(o.state = 'booked')
      AND sum(CASE o.operation WHEN 'charge' THEN o.amount_minor ELSE -o.amount_minor END) = 0)"""

# What an attempt ``a`` of payment ``p`` moved. An order's own charge took what it took.
MOVED_MINOR = """CASE WHEN a.operation = 'refund' THEN -a.amount_minor
    WHEN a.stray_charge IS NULL THEN p.captured_minor ELSE a.amount_minor END"""
MOVED_CURRENCY = """CASE WHEN a.operation = 'charge' AND a.stray_charge IS NULL
    THEN p.captured_currency ELSE a.currency END"""

COMPARED = (
    Invariant(
        "provider-list-is-booked",
        "What the provider's own list says moved is in the ledger with its amount, asked about, or "
        "was nobody's and is given back.",
        f"""SELECT m.id FROM provider_movements m LEFT JOIN payment_attempts a USING (provider_key)
        WHERE m.state = 'differs' AND NOT {IN_LEDGER} AND NOT {GIVEN_BACK}
          AND coalesce(a.state <> 'open' AND a.next_sweep_at IS NULL, true)""",
    ),
    Invariant(
        "booked-is-in-provider-list",
        "What the ledger has booked is in the provider's own list, as far as it was read.",
        """SELECT l.tx_id FROM ledger_entries l JOIN reconciliations r
            ON l.at >= r.covered_from AND l.at < r.covered_to - interval '5 minutes'
        WHERE l.account = 'provider_clearing' AND NOT EXISTS (
            SELECT FROM provider_movements m WHERE m.operation = l.operation
              AND (m.id = l.provider_reference OR m.charge_id = l.provider_reference))""",
    ),
    Invariant(
        "provider-events-are-listed",
        "Money that the provider told of under a key we do not know is in its own list.",
        """SELECT e.event_id FROM provider_events e JOIN reconciliations r USING (provider)
        WHERE e.outcome = 'unaccounted' AND e.type IN ('charge.captured', 'charge.refunded')
          AND e.received_at < r.covered_to - interval '5 minutes' AND NOT EXISTS (
            SELECT FROM provider_movements m WHERE m.charge_id = e.charge_id)""",
    ),
)
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
        LEFT JOIN (SELECT order_id, sum(e.amount_minor) AS held FROM ledger_entries e
                   JOIN payment_attempts a USING (order_id, operation, number)
                   WHERE account = 'provider_clearing' AND a.stray_charge IS NULL
                   GROUP BY order_id) l USING (order_id)
        WHERE coalesce(l.held, 0) <> p.captured_minor - p.refunded_minor""",
    ),
    Invariant(
        "ledger-follows-attempts",
        "Every line of the ledger is one side of an operation that was made, with its amount.",
        f"""SELECT l.order_id || ' ' || l.tx_id FROM ledger_entries l
        LEFT JOIN payment_attempts a ON a.provider_key = l.tx_id
        LEFT JOIN payments p ON p.order_id = a.order_id
        WHERE a.state IS DISTINCT FROM 'succeeded'
          OR (l.order_id, l.operation, l.number, l.provider_reference, l.currency)
             IS DISTINCT FROM
             (a.order_id, a.operation, a.number, a.provider_reference, {MOVED_CURRENCY})
          OR l.amount_minor <> {MOVED_MINOR}
             * CASE l.account WHEN 'provider_clearing' THEN 1 ELSE -1 END""",
    ),
    Invariant(
        "attempts-are-booked",
        "Every operation that was made is in the ledger with both its sides.",
        """SELECT a.order_id || ' ' || a.provider_key FROM payment_attempts a
        LEFT JOIN ledger_entries l ON l.tx_id = a.provider_key
        WHERE a.state = 'succeeded' GROUP BY a.order_id, a.provider_key HAVING count(l.id) <> 2""",
    ),
    Invariant(
        "ledger-is-append-only",
        "This service has no right to change or remove what was booked.",
        """SELECT 'right to ' || kind FROM unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) kind
        WHERE has_table_privilege('ledger_entries', kind)""",
    ),
    Invariant(
        "one-charge-each",
        "No order has two charges of its own.",
        """SELECT order_id FROM payment_attempts
        WHERE operation = 'charge' AND state = 'succeeded' AND stray_charge IS NULL
        GROUP BY order_id HAVING count(*) > 1""",
    ),
    Invariant(
        "unknown-is-found-out",
        "Ten minutes after a charge was first called its outcome is known.",
        """SELECT DISTINCT order_id FROM payments JOIN payment_attempts a USING (order_id)
        WHERE payments.status = 'unknown' AND a.operation = 'charge' AND a.state = 'open'
          AND a.first_called_at < now() - interval '10 minutes'""",
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
        "stray-charges-go-back",
        "A charge that came beside its order's own is given back, or has a refund under way.",
        """SELECT c.order_id FROM payment_attempts c
        WHERE c.operation = 'charge' AND c.stray_charge IS NOT NULL AND NOT EXISTS (
            SELECT FROM payment_attempts r WHERE r.order_id = c.order_id
              AND r.operation = 'refund' AND r.stray_charge = c.stray_charge
              AND r.amount_minor = c.amount_minor AND r.state IN ('open', 'succeeded'))""",
    ),
    Invariant(
        "tokens-are-forgotten",
        "A token is kept only while a charge may still be started.",
        """SELECT order_id FROM payments WHERE token IS NOT NULL
          AND (end_reason IS NOT NULL OR status NOT IN ('pending', 'unknown'))""",
    ),
    *COMPARED,
)
