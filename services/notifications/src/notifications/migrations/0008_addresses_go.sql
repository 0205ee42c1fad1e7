-- Since when an order is known here; some time after that the address its goods go to is taken
-- away. What is known already counts from this migration on.
ALTER TABLE order_messages ADD COLUMN IF NOT EXISTS known_since timestamptz NOT NULL DEFAULT now();
-- On a large table add the column and build this index CONCURRENTLY by hand before the release.
CREATE INDEX IF NOT EXISTS order_messages_addresses ON order_messages (known_since)
    WHERE details ? 'address';
