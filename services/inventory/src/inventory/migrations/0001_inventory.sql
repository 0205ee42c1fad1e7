-- Stock, holds, fulfilment orders and shipments.

-- Units by SKU and location. Placing an order only reserves; dispatch moves both numbers.
CREATE TABLE stock (
    sku      text COLLATE "C" NOT NULL,
    location text COLLATE "C" NOT NULL,
    on_hand  integer NOT NULL DEFAULT 0 CHECK (on_hand >= 0),
    reserved integer NOT NULL DEFAULT 0,
    PRIMARY KEY (sku, location),
    CHECK (reserved BETWEEN 0 AND on_hand)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);

-- The one row per order: it serialises all that inventory does for the order. An order that
-- ended before it was heard of is 'released' and never held.
CREATE TABLE order_holds (
    order_id             text COLLATE "C" PRIMARY KEY,
    tenant               text NOT NULL DEFAULT 'default',
    status               text NOT NULL DEFAULT 'none'
        CHECK (status IN ('none', 'held', 'rejected', 'released')),
    fulfilment_order_id  text COLLATE "C" UNIQUE,
    fulfilment_status    text NOT NULL DEFAULT 'none' CHECK (fulfilment_status IN
        ('none', 'open', 'partially_shipped', 'shipped', 'delivered', 'cancelled')),
    fulfilment_opened_at timestamptz,
    inventory_sequence   integer NOT NULL DEFAULT 0,
    fulfilment_sequence  integer NOT NULL DEFAULT 0,
    CHECK ((fulfilment_order_id IS NULL) = (fulfilment_status = 'none'))
) WITH (fillfactor = 70);
CREATE INDEX order_holds_fulfilment ON order_holds (fulfilment_status, fulfilment_order_id)
    WHERE fulfilment_order_id IS NOT NULL;

-- What an order took, and where it went: still held is quantity - shipped - released.
CREATE TABLE holds (
    order_id text COLLATE "C" NOT NULL,
    sku      text COLLATE "C" NOT NULL,
    location text COLLATE "C" NOT NULL,
    quantity integer NOT NULL CHECK (quantity > 0),
    shipped  integer NOT NULL DEFAULT 0 CHECK (shipped >= 0),
    released integer NOT NULL DEFAULT 0 CHECK (released >= 0),
    PRIMARY KEY (order_id, sku, location),
    CHECK (shipped + released <= quantity)
) WITH (fillfactor = 70);

-- Append-only: the history that explains every number in stock and holds.
CREATE TABLE stock_movements (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind     text NOT NULL CHECK (kind IN ('received', 'held', 'released', 'shipped', 'adjusted')),
    sku      text COLLATE "C" NOT NULL,
    location text COLLATE "C" NOT NULL,
    quantity integer NOT NULL CHECK (quantity > 0 OR (kind = 'adjusted' AND quantity < 0)),
    order_id text COLLATE "C",
    reason   text,
    moved_at timestamptz NOT NULL,
    CHECK ((order_id IS NULL) = (kind IN ('received', 'adjusted'))),
    CHECK ((reason IS NOT NULL) = (kind = 'adjusted'))
);
REVOKE UPDATE, DELETE, TRUNCATE ON stock_movements FROM CURRENT_USER;

CREATE TABLE shipments (
    shipment_id         text COLLATE "C" PRIMARY KEY,
    order_id            text COLLATE "C" NOT NULL,
    fulfilment_order_id text COLLATE "C" NOT NULL,
    carrier             text NOT NULL,
    tracking_number     text NOT NULL,
    dispatched_at       timestamptz NOT NULL,
    delivered_at        timestamptz
);
CREATE INDEX shipments_order ON shipments (order_id);

CREATE TABLE shipment_lines (
    shipment_id text COLLATE "C" NOT NULL REFERENCES shipments,
    sku         text COLLATE "C" NOT NULL,
    quantity    integer NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (shipment_id, sku)
);
