"""What every service promises of the tables that all of them have."""

from shared.messaging.outbox import IS_ASIDE
from shared.service import Invariant, Service

# A key may be anything that a stranger sent; only ours are named.
_OF_ORDER = "coalesce(substring(encode(key, 'escape') FROM '^ord_[0-9a-zA-Z-]{1,60}$'), '')"

COMMON = (
    Invariant(
        "events-leave-the-outbox",
        "No event waits longer than a minute to be told, unless it was set aside.",
        f"""SELECT rtrim(concat_ws(' ', 'outbox row', id, 'for', topic, {_OF_ORDER})) FROM outbox
        WHERE created_at < now() - interval '60 s' AND NOT {IS_ASIDE} ORDER BY id""",
    ),
    Invariant(
        "leases-are-taken-over",
        "No work row is still leased a minute after its lease ran out.",
        """SELECT concat_ws(' ', 'work row', id, 'of', order_id) FROM work_rows
        WHERE NOT done AND lease_until < now() - interval '60 s' ORDER BY id""",
    ),
    Invariant(
        "parked-keys-have-events",
        "Under every parked key an event waits, and every event that waits has its key.",
        f"""SELECT rtrim(concat_ws(' ', CASE WHEN e.id IS NULL
            THEN concat_ws(' ', 'key parked at', k.parked_at, topic)
            ELSE concat_ws(' ', 'parked event', e.id) END, {_OF_ORDER}))
        FROM parked_keys k FULL JOIN parked_events e USING (consumer, topic, key)
        WHERE e.id IS NULL OR k.parked_at IS NULL""",
    ),
)


def promises_of(service: Service) -> tuple[Invariant, ...]:
    """The service's own, then those of every service."""
    return (*service.invariants, *COMMON)
