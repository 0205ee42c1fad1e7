-- What is pruned is found by its age. On large tables build these indexes CONCURRENTLY by hand
-- before the release.
CREATE INDEX IF NOT EXISTS inbox_age ON inbox (received_at);
CREATE INDEX IF NOT EXISTS idempotency_keys_age ON idempotency_keys (created_at);
CREATE INDEX IF NOT EXISTS work_rows_age ON work_rows (created_at) WHERE done;
