-- The provider's own list of what moved money, as far as it was read.
CREATE TABLE provider_movements (
    id           text COLLATE "C" PRIMARY KEY,
    operation    text NOT NULL CHECK (operation IN ('charge', 'refund')),
    provider_key text COLLATE "C" NOT NULL,
    order_id     text COLLATE "C" NOT NULL,
    charge_id    text COLLATE "C" NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency     text NOT NULL,
    at           timestamptz NOT NULL,
    -- Listed and not yet judged; in our ledger; or judged, and not in our ledger.
    state        text NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'booked', 'differs'))
);
CREATE INDEX provider_movements_charge ON provider_movements (charge_id);
CREATE INDEX provider_movements_open ON provider_movements (state, at) WHERE state <> 'booked';

-- One row per provider: what of its list was read, and when that is done again.
CREATE TABLE reconciliations (
    provider     text COLLATE "C" PRIMARY KEY,
    covered_from timestamptz NOT NULL,
    covered_to   timestamptz NOT NULL,
    listing_to   timestamptz,
    cursor       text,
    due_at       timestamptz NOT NULL,
    finished_at  timestamptz,
    differences  integer
);

-- A charge beside the order's own, and its refund: they touch neither payment nor order.
ALTER TABLE payment_attempts ADD COLUMN stray_charge text COLLATE "C";
