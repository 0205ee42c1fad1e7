-- The tables every service gets: inbox, outbox, parked events and work rows.

CREATE TABLE inbox (
    consumer    text COLLATE "C" NOT NULL,
    source      text COLLATE "C" NOT NULL,
    id          text COLLATE "C" NOT NULL,
    hash        bytea NOT NULL,
    disposition text NOT NULL CHECK (disposition IN ('applied', 'parked')),
    received_at timestamptz NOT NULL,
    PRIMARY KEY (consumer, source, id)
);

-- Its id is taken under the order's row, so id order is sequence order for each order.
CREATE TABLE outbox (
    id         bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY,
    shard      smallint NOT NULL,
    topic      text NOT NULL,
    key        bytea,
    headers    bytea NOT NULL,
    payload    bytea CHECK (octet_length(payload) <= 900000),
    created_at timestamptz NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX outbox_shard ON outbox (shard, id);

CREATE TABLE parked_keys (
    consumer  text COLLATE "C" NOT NULL,
    topic     text COLLATE "C" NOT NULL,
    key       bytea NOT NULL,
    parked_at timestamptz NOT NULL,
    PRIMARY KEY (consumer, topic, key)
);

-- What waits under a parked key, in order. The first of a key has the error that parked it.
CREATE TABLE parked_events (
    id          bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY,
    consumer    text COLLATE "C" NOT NULL,
    topic       text COLLATE "C" NOT NULL,
    key         bytea NOT NULL,
    partition   integer NOT NULL,
    "offset"    bigint NOT NULL,
    record_key  bytea,
    value       bytea,
    headers     bytea NOT NULL,
    type        text,
    reason      text NOT NULL,
    error_class text NOT NULL,
    error       text NOT NULL,
    attempts    integer NOT NULL,
    parked_at   timestamptz NOT NULL
);
CREATE INDEX parked_events_key ON parked_events (consumer, topic, key, id);
CREATE INDEX parked_events_recent ON parked_events (parked_at);

-- A group stopped because one error class parked too many orders in a minute.
CREATE TABLE breakers (
    consumer    text COLLATE "C" NOT NULL,
    error_class text COLLATE "C" NOT NULL,
    orders_max  integer NOT NULL,
    tripped_at  timestamptz NOT NULL,
    PRIMARY KEY (consumer, error_class)
);

-- Who redrove or dropped what, and why.
CREATE TABLE dead_letter_actions (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    parked_id bigint NOT NULL,
    action    text NOT NULL CHECK (action IN ('redriven', 'discarded')),
    operator  text NOT NULL,
    reason    text,
    at        timestamptz NOT NULL
);

CREATE TABLE work_rows (
    id              bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY,
    order_id        text COLLATE "C" NOT NULL,
    kind            text NOT NULL,
    payload         jsonb NOT NULL,
    done            boolean NOT NULL DEFAULT false,
    not_before      timestamptz NOT NULL,
    attempts        integer NOT NULL DEFAULT 0,
    lease_owner     text,
    lease_token     uuid,
    lease_until     timestamptz,
    call_started_at timestamptz,
    last_error      text,
    traceparent     text,
    created_at      timestamptz NOT NULL
);
CREATE INDEX work_rows_open ON work_rows (order_id, id) WHERE NOT done;
CREATE INDEX work_rows_due ON work_rows (id) WHERE NOT done;

-- The first answer for each key; a second request waits on the first one's row.
CREATE TABLE idempotency_keys (
    tenant      text COLLATE "C" NOT NULL,
    operation   text COLLATE "C" NOT NULL,
    key         text COLLATE "C" NOT NULL,
    fingerprint bytea NOT NULL,
    status      integer,
    body        bytea,
    location    text,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant, operation, key)
);
