-- What partners are told, in one log, and who reads it: by webhook or by cursor.

-- How often each seller was told of an order: what a seller sees is numbered for it alone.
ALTER TABLE order_messages ADD COLUMN seller_sequences jsonb NOT NULL DEFAULT '{}';

-- One row. Whoever appends holds it until it commits, so positions have no gaps and become
-- visible in their order. What is older than oldest was dropped.
CREATE TABLE partner_log (
    one_row  boolean PRIMARY KEY DEFAULT true CHECK (one_row),
    position bigint NOT NULL DEFAULT 0,
    oldest   bigint NOT NULL DEFAULT 1
);
INSERT INTO partner_log DEFAULT VALUES;

-- One row too: up to which position of the log there are deliveries.
CREATE TABLE partner_fan_out (
    one_row  boolean PRIMARY KEY DEFAULT true CHECK (one_row),
    position bigint NOT NULL DEFAULT 0
);
INSERT INTO partner_fan_out DEFAULT VALUES;

-- data is what Kafka has, byte for byte. sellers and seller_sequences belong together.
CREATE TABLE partner_events (
    position         bigint NOT NULL,
    event_id         text COLLATE "C" NOT NULL,
    type             text COLLATE "C" NOT NULL,
    tenant           text COLLATE "C" NOT NULL,
    order_id         text COLLATE "C" NOT NULL,
    sequence         integer NOT NULL,
    sellers          text[] NOT NULL,
    seller_sequences integer[] NOT NULL,
    occurred_at      text NOT NULL,
    data             text NOT NULL,
    recorded_at      timestamptz NOT NULL,
    PRIMARY KEY (position, recorded_at)
) PARTITION BY RANGE (recorded_at);
CREATE INDEX partner_events_id ON partner_events (event_id);
CREATE INDEX partner_events_age ON partner_events (recorded_at);
-- Takes what comes when nobody has made the week's partition in time.
CREATE TABLE partner_events_other PARTITION OF partner_events DEFAULT;

CREATE TABLE partners (
    partner_id  text COLLATE "C" PRIMARY KEY,
    name        text COLLATE "C" NOT NULL UNIQUE,
    tenant      text COLLATE "C" NOT NULL,
    seller_id   text COLLATE "C",
    event_types text[] NOT NULL,
    created_at  timestamptz NOT NULL,
    contact_email text
);

-- Keys are 256 random bits, so a plain SHA-256 of one gives nothing away (OWASP ASVS 2.9.3).
CREATE TABLE partner_keys (
    key_id     text COLLATE "C" PRIMARY KEY,
    partner_id text COLLATE "C" NOT NULL REFERENCES partners,
    hash       bytea NOT NULL UNIQUE,
    scopes     text[] NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX partner_keys_of ON partner_keys (partner_id);

-- Secrets are sealed (AES-256-GCM); the key to them is a setting. Whoever serves an endpoint has
-- its token and is the only one that calls it, so its limits hold however many instances run.
CREATE TABLE webhook_endpoints (
    endpoint_id      text COLLATE "C" PRIMARY KEY,
    partner_id       text COLLATE "C" NOT NULL REFERENCES partners,
    url              text NOT NULL,
    description      text NOT NULL,
    event_types      text[] NOT NULL,
    seller_id        text COLLATE "C",
    rate_per_s       integer NOT NULL,
    concurrency_max  integer NOT NULL,
    secret           bytea NOT NULL,
    previous_secret  bytea,
    previous_until   timestamptz,
    since_position   bigint NOT NULL,
    created_at       timestamptz NOT NULL,
    disabled_at      timestamptz,
    disabled_reason  text,
    failing_since    timestamptz,
    paused_until     timestamptz,
    served_by        text,
    served_until     timestamptz,
    serve_token      uuid
) WITH (fillfactor = 70);
CREATE INDEX webhook_endpoints_of ON webhook_endpoints (partner_id, endpoint_id);

-- The first open one of an order and endpoint is pending, the others wait for their turn.
CREATE TABLE webhook_deliveries (
    delivery_id  bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY,
    endpoint_id  text COLLATE "C" NOT NULL,
    position     bigint NOT NULL,
    event_id     text COLLATE "C" NOT NULL,
    order_id     text COLLATE "C" NOT NULL,
    type         text COLLATE "C" NOT NULL,
    recorded_at  timestamptz NOT NULL,
    state        text NOT NULL CHECK (state IN ('waiting', 'pending', 'delivered', 'failed')),
    attempts     integer NOT NULL DEFAULT 0,
    not_before   timestamptz NOT NULL,
    created_at   timestamptz NOT NULL,
    ended_at     timestamptz,
    UNIQUE (endpoint_id, position)
) WITH (fillfactor = 80);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, not_before)
    WHERE state = 'pending';
CREATE INDEX webhook_deliveries_open ON webhook_deliveries (endpoint_id, order_id, position)
    WHERE state IN ('waiting', 'pending');
CREATE INDEX webhook_deliveries_of_order ON webhook_deliveries (order_id);
CREATE INDEX webhook_deliveries_age ON webhook_deliveries (created_at);

-- The delivery log: what was sent when, and what came back.
CREATE TABLE webhook_attempts (
    attempt_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    delivery_id   bigint NOT NULL,
    sent_at       timestamptz NOT NULL,
    duration_ms   integer NOT NULL,
    status        integer,
    error         text,
    response_head text NOT NULL,
    response_body text NOT NULL
);
CREATE INDEX webhook_attempts_of ON webhook_attempts (delivery_id, attempt_id);
CREATE INDEX webhook_attempts_age ON webhook_attempts (sent_at);

-- The partitions of this week and the next; a timer makes those that follow and drops the oldest.
DO $$
DECLARE
    monday date := date_trunc('week', now() AT TIME ZONE 'UTC')::date;
BEGIN
    FOR week IN 0..1 LOOP
        EXECUTE format(
            'CREATE TABLE partner_events_%s PARTITION OF partner_events FOR VALUES FROM (%L) TO (%L)',
            to_char(monday + 7 * week, 'YYYYMMDD'),
            (monday + 7 * week)::timestamp AT TIME ZONE 'UTC',
            (monday + 7 * (week + 1))::timestamp AT TIME ZONE 'UTC');
    END LOOP;
END $$;
