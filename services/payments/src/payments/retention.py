"""What payments forgets of its provider; ledger, payments and attempts stay."""

from datetime import timedelta

from shared.service import Retention

from payments.settings import PaymentsSettings

# Only what lies before the part of the list that is compared, with its side in the ledger; and
# nothing that explains an event.
_COMPARED_NO_MORE = """
t.state = 'booked' AND t.at < (SELECT min(covered_from) FROM reconciliations)
AND NOT EXISTS (
    SELECT FROM ledger_entries l JOIN reconciliations r ON l.at >= r.covered_from
    WHERE l.tx_id IN (t.provider_key, t.charge_id))
AND NOT EXISTS (
    SELECT FROM provider_events e WHERE e.outcome = 'unaccounted' AND e.charge_id = t.charge_id)
"""


def retention(settings: PaymentsSettings) -> tuple[Retention, ...]:
    """Events that nothing explains stay, and so does what the list and the ledger differ in."""
    events = timedelta(days=settings.provider_events_retention_days)
    movements = timedelta(days=settings.provider_movements_retention_days)
    return (
        Retention("provider_events", "received_at", events, "t.outcome <> 'unaccounted'"),
        Retention("provider_movements", "at", movements, _COMPARED_NO_MORE),
    )
