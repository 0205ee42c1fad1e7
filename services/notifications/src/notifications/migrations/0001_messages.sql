-- Whom to write to about an order; learned from OrderPlaced, empty until then.
CREATE TABLE order_messages (
    order_id         text COLLATE "C" PRIMARY KEY,
    email            text NOT NULL DEFAULT '',
    name             text NOT NULL DEFAULT '',
    locale           text NOT NULL DEFAULT '',
    tenant           text NOT NULL DEFAULT '',
    client_reference text NOT NULL DEFAULT ''
);

-- At most one message per fact: detail tells facts of one kind apart, such as two parcels.
CREATE TABLE messages (
    message_id text COLLATE "C" PRIMARY KEY,
    order_id   text COLLATE "C" NOT NULL,
    kind       text COLLATE "C" NOT NULL,
    detail     text COLLATE "C" NOT NULL,
    recipient  text NOT NULL,
    subject    text NOT NULL,
    body       text NOT NULL,
    state      text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent', 'refused')),
    attempts   integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    sent_at    timestamptz CHECK ((sent_at IS NOT NULL) = (state = 'sent')),
    UNIQUE (order_id, kind, detail)
);
