-- What is pruned is found by its age. On large tables build these indexes CONCURRENTLY by hand
-- before the release.
CREATE INDEX IF NOT EXISTS provider_events_age ON provider_events (received_at)
    WHERE outcome <> 'unaccounted';
CREATE INDEX IF NOT EXISTS provider_movements_age ON provider_movements (at)
    WHERE state = 'booked';
