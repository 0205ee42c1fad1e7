-- One narrow row per order, which changes; everything else about it is insert-only.

CREATE TABLE orders (
    order_id         text COLLATE "C" PRIMARY KEY,
    tenant           text NOT NULL,
    client_reference text NOT NULL,
    status           text NOT NULL,
    payment          text NOT NULL,
    stock            text NOT NULL,
    fulfilment       text NOT NULL,
    reasons          text NOT NULL,
    cancel_reason    text NOT NULL,
    currency         text NOT NULL,
    total_minor      bigint NOT NULL CHECK (total_minor > 0),
    version          integer NOT NULL,
    placed_at        timestamptz NOT NULL,
    deadline_at      timestamptz NOT NULL,
    orders_sequence  integer NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX orders_pending ON orders (deadline_at) WHERE status = 'pending';

-- The storefront's own name for an order, whichever way it came in.
CREATE TABLE order_references (
    tenant           text COLLATE "C" NOT NULL,
    client_reference text COLLATE "C" NOT NULL,
    order_id         text COLLATE "C" NOT NULL,
    body_hash        bytea NOT NULL,
    PRIMARY KEY (tenant, client_reference)
);

CREATE TABLE order_details (
    order_id              text COLLATE "C" PRIMARY KEY,
    channel               text NOT NULL,
    locale                text NOT NULL,
    customer_id           text,
    personal              jsonb NOT NULL,
    purchase_order_number text,
    campaign              text,
    metadata              jsonb NOT NULL
);

CREATE TABLE order_lines (
    order_id         text COLLATE "C" NOT NULL,
    line_number      integer NOT NULL,
    sku              text NOT NULL,
    quantity         integer NOT NULL,
    unit_price_minor bigint NOT NULL,
    description      text,
    seller_id        text,
    PRIMARY KEY (order_id, line_number)
);

CREATE TABLE order_transitions (
    order_id   text COLLATE "C" NOT NULL,
    version    integer NOT NULL,
    status     text NOT NULL,
    payment    text NOT NULL,
    stock      text NOT NULL,
    fulfilment text NOT NULL,
    cause      text NOT NULL,
    event_id   text NOT NULL,
    at         timestamptz NOT NULL,
    PRIMARY KEY (order_id, version)
);

-- Submissions that became no order are told in sequence too, by the reference they came with.
CREATE TABLE refusals (
    client_reference text COLLATE "C" PRIMARY KEY,
    last_sequence    integer NOT NULL
);
