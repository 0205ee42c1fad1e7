-- What was told of an order before its OrderPlaced; told to the customer once that has come.
ALTER TABLE order_messages ADD COLUMN waiting jsonb NOT NULL DEFAULT '[]';
ALTER TABLE order_messages ADD COLUMN waiting_since timestamptz;
-- On a large table build this index CONCURRENTLY by hand before the release.
CREATE INDEX IF NOT EXISTS order_messages_waiting ON order_messages (waiting_since)
    WHERE waiting_since IS NOT NULL;
