-- The console's read model: what Kafka told, kept for a time, without tokens and personal data.

-- Every record once, by its place in Kafka.
CREATE TABLE records (
    topic       text COLLATE "C" NOT NULL,
    partition   integer NOT NULL,
    "offset"    bigint NOT NULL,
    key         text COLLATE "C" NOT NULL,
    type        text COLLATE "C" NOT NULL,
    event_id    text COLLATE "C" NOT NULL,
    sequence    integer NOT NULL,
    at          timestamptz,
    trace_id    text COLLATE "C" NOT NULL,
    data        text NOT NULL,
    problem     text,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (topic, partition, "offset")
);
CREATE INDEX records_key ON records (key, recorded_at);
CREATE INDEX records_event ON records (event_id);
CREATE INDEX records_recorded ON records (recorded_at);

-- One row per order; ids sort by the time they were made. Each axis has the sequence of the event that it was told by last.
CREATE TABLE orders (
    order_id            text COLLATE "C" PRIMARY KEY,
    client_reference    text,
    tenant              text,
    channel             text,
    currency            text,
    customer_id         text,
    total_minor         bigint,
    placed_at           timestamptz,
    deadline_at         timestamptz,
    status              text,
    status_sequence     integer NOT NULL,
    payment             text,
    payment_sequence    integer NOT NULL,
    stock               text,
    stock_sequence      integer NOT NULL,
    fulfilment          text,
    fulfilment_sequence integer NOT NULL,
    outcome             text,
    decided_at          timestamptz,
    captured_minor      bigint NOT NULL,
    refunded_minor      bigint NOT NULL,
    trace_id            text,
    told_at             timestamptz,
    recorded_at         timestamptz NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX orders_by_status ON orders (status, order_id);
CREATE INDEX orders_trace ON orders (trace_id);
CREATE INDEX orders_undecided ON orders (deadline_at) WHERE outcome IS NULL;
CREATE INDEX orders_decided ON orders (decided_at)
    INCLUDE (outcome, placed_at, currency, captured_minor, refunded_minor);
CREATE INDEX orders_recorded ON orders (recorded_at);

-- What orders are found by: ids, references, SKUs, and a keyed hash of the buyer's address.
CREATE TABLE order_terms (
    term        text COLLATE "C" NOT NULL,
    order_id    text COLLATE "C" NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (term, order_id)
);
CREATE INDEX order_terms_recorded ON order_terms (recorded_at);

-- Who did what, and what the owning service answered.
CREATE TABLE actions (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       timestamptz NOT NULL,
    operator text NOT NULL,
    action   text NOT NULL,
    service  text NOT NULL,
    target   text NOT NULL,
    order_id text COLLATE "C",
    reason   text,
    status   integer,
    answer   text NOT NULL
);
CREATE INDEX actions_of_order ON actions (order_id, id);
CREATE INDEX actions_at ON actions (at);
