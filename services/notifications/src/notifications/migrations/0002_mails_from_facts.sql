-- What an order was placed with, as far as its mails show it; personal, as the rest of the row.
ALTER TABLE order_messages ADD COLUMN details jsonb NOT NULL DEFAULT '{}';

-- A mail is written from its fact when it is handed over. body is the text that the release before
-- wrote; that release cannot write a mail without one, and leaves it to a later attempt.
ALTER TABLE messages ADD COLUMN fact jsonb;
ALTER TABLE messages ALTER COLUMN body DROP NOT NULL;

-- When a message was last tried: what an address gets within an hour is bounded.
-- On a large table build this index CONCURRENTLY by hand before the release.
ALTER TABLE messages ADD COLUMN tried_at timestamptz;
CREATE INDEX IF NOT EXISTS messages_tried ON messages (lower(recipient), tried_at)
    WHERE tried_at IS NOT NULL;
