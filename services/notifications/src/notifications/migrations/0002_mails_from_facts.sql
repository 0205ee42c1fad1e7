-- What an order was placed with, as far as its mails show it; personal, as the rest of the row.
ALTER TABLE order_messages ADD COLUMN details jsonb NOT NULL DEFAULT '{}';

-- A mail is written from its fact when it is handed over. body is the text that the release before
-- wrote; that release cannot write a mail without one, and leaves it to a later attempt.
ALTER TABLE messages ADD COLUMN fact jsonb;
ALTER TABLE messages ALTER COLUMN body DROP NOT NULL;
