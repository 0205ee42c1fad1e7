-- Whose cancellation waits for a partner's answer: a person's, so it may take days.
CREATE TABLE partner_cancellations (
    order_id text COLLATE "C" PRIMARY KEY,
    asked_at timestamptz NOT NULL
);
