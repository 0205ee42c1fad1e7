-- One row per order; every change of an order's money happens under its lock.
CREATE TABLE payments (
    order_id            text COLLATE "C" PRIMARY KEY,
    payment_id          text NOT NULL DEFAULT '',
    tenant              text NOT NULL DEFAULT 'default',
    status              text NOT NULL DEFAULT 'none' CHECK (status IN (
        'none', 'pending', 'unknown', 'captured', 'captured_late',
        'refund_pending', 'refunded', 'voided', 'declined')),
    amount_minor        bigint NOT NULL DEFAULT 0,
    currency            text NOT NULL DEFAULT '',
    captured_minor      bigint NOT NULL DEFAULT 0,
    captured_currency   text NOT NULL DEFAULT '',
    charge_reference    text,
    refunded_minor      bigint NOT NULL DEFAULT 0,
    refund_queued_minor bigint NOT NULL DEFAULT 0,
    refunds             integer NOT NULL DEFAULT 0,
    token               text,
    decide_by           timestamptz,
    end_reason          text,
    decline_reason      text,
    opened_at           timestamptz,
    payments_sequence   integer NOT NULL DEFAULT 0,
    -- The last net under the rule that caps refunds.
    CONSTRAINT refunds_within_capture CHECK (
        refunded_minor >= 0 AND refund_queued_minor >= 0
        AND refunded_minor + refund_queued_minor <= captured_minor)
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX payments_payment_id ON payments (payment_id) WHERE payment_id <> '';

-- One row per operation: its key at the provider, its amount, its calls and its sweeps.
CREATE TABLE payment_attempts (
    order_id           text COLLATE "C" NOT NULL REFERENCES payments,
    operation          text NOT NULL CHECK (operation IN ('charge', 'refund')),
    number             integer NOT NULL,
    provider_key       text NOT NULL UNIQUE,
    amount_minor       bigint NOT NULL CHECK (amount_minor > 0),
    currency           text NOT NULL,
    reason             text NOT NULL,
    state              text NOT NULL CHECK (state IN ('open', 'succeeded', 'refused', 'not_made')),
    calls              integer NOT NULL,
    first_called_at    timestamptz,
    call_started_at    timestamptz,
    not_found_since    timestamptz,
    swept_from         timestamptz,
    next_sweep_at      timestamptz,
    provider_reference text,
    created_at         timestamptz NOT NULL,
    PRIMARY KEY (order_id, operation, number)
) WITH (fillfactor = 80);
CREATE INDEX payment_attempts_sweep ON payment_attempts (next_sweep_at)
    WHERE next_sweep_at IS NOT NULL;

-- Double entry, append-only; one transaction for each operation that moved money.
CREATE TABLE ledger_entries (
    id                 bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tx_id              text COLLATE "C" NOT NULL,
    account            text NOT NULL CHECK (account IN ('provider_clearing', 'order_funds')),
    amount_minor       bigint NOT NULL CHECK (amount_minor <> 0),
    currency           text NOT NULL,
    order_id           text COLLATE "C" NOT NULL,
    operation          text NOT NULL,
    number             integer NOT NULL,
    provider_reference text NOT NULL,
    at                 timestamptz NOT NULL,
    UNIQUE (tx_id, account)
);
CREATE INDEX ledger_entries_order ON ledger_entries (order_id);

CREATE FUNCTION refuse_unbalanced_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM added GROUP BY tx_id, currency HAVING sum(amount_minor) <> 0) THEN
        RAISE EXCEPTION 'ledger entries do not sum to zero' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_entries_balance AFTER INSERT ON ledger_entries
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION refuse_unbalanced_entries();

-- Even the owner may be denied: what was booked stays booked.
REVOKE UPDATE, DELETE, TRUNCATE ON ledger_entries FROM CURRENT_USER;
