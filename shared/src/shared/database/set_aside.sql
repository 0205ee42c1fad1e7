-- What Kafka is to get and what was set aside have an index each: neither is in the other's way.
-- Set aside is a shard of 16 and more (messaging/outbox.py). On a large outbox build these indexes
-- CONCURRENTLY by hand before the release.
DROP INDEX IF EXISTS outbox_shard;
CREATE INDEX IF NOT EXISTS outbox_unsent ON outbox (id) WHERE shard < 16;
CREATE INDEX IF NOT EXISTS outbox_aside ON outbox (key) WHERE shard >= 16;
