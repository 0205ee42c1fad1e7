-- Secrets that were replaced before the previous one, the newest first, and until when each signs.
ALTER TABLE webhook_endpoints
    ADD COLUMN earlier_secrets bytea[] NOT NULL DEFAULT '{}',
    ADD COLUMN earlier_until timestamptz[] NOT NULL DEFAULT '{}';
