"""What must hold at all times of the partners' log and its deliveries."""

from shared.service import Invariant

from notifications.partners.domain.log import ADDRESS_TYPE

PARTNER_INVARIANTS = (
    Invariant(
        "partner-log-has-no-gap",
        "Of the last 10,000 positions of the partners' log none is missing, and none is twice.",
        """SELECT n.position::text FROM partner_log l,
            generate_series(greatest(l.oldest, l.position - 10000), l.position) n(position)
        WHERE (SELECT count(*) FROM partner_events e WHERE e.position = n.position) <> 1""",
    ),
    Invariant(
        "webhooks-take-turns",
        "Of an order's open deliveries to an endpoint the first is under way, and only that.",
        """SELECT d.delivery_id::text FROM webhook_deliveries d
        WHERE d.state IN ('waiting', 'pending') AND (d.state = 'pending') = EXISTS (
            SELECT FROM webhook_deliveries e WHERE e.endpoint_id = d.endpoint_id
              AND e.order_id = d.order_id AND e.state IN ('waiting', 'pending')
              AND e.position < d.position)""",
    ),
    Invariant(
        "webhooks-are-under-way",
        "No delivery to an endpoint that is enabled has been due for an hour without an attempt.",
        """SELECT d.delivery_id::text FROM webhook_endpoints e
        CROSS JOIN LATERAL (
            SELECT delivery_id FROM webhook_deliveries d
            WHERE d.endpoint_id = e.endpoint_id AND d.state = 'pending'
              AND d.not_before < now() - interval '1 hour'
            ORDER BY not_before LIMIT 1) d
        WHERE e.disabled_at IS NULL
          AND (e.paused_until IS NULL OR e.paused_until < now() - interval '1 hour')""",
    ),
    Invariant(
        "addresses-need-a-grant",
        "No shipping address is on its way to a partner who was not granted them.",
        f"""SELECT d.delivery_id::text FROM partners p JOIN webhook_endpoints e USING (partner_id)
        JOIN webhook_deliveries d USING (endpoint_id)
        WHERE NOT p.sees_addresses AND d.state IN ('waiting', 'pending')
          AND d.type = '{ADDRESS_TYPE}'""",
    ),
)
