-- What the provider told by itself, once for each of its event ids.
CREATE TABLE provider_events (
    provider     text COLLATE "C" NOT NULL,
    event_id     text COLLATE "C" NOT NULL,
    hash         bytea NOT NULL,
    type         text NOT NULL,
    provider_key text COLLATE "C",
    charge_id    text COLLATE "C",
    order_id     text COLLATE "C",
    outcome      text NOT NULL CHECK (outcome IN ('asked', 'known', 'unaccounted', 'ignored')),
    received_at  timestamptz NOT NULL,
    PRIMARY KEY (provider, event_id)
);
CREATE INDEX provider_events_unaccounted ON provider_events (received_at)
    WHERE outcome = 'unaccounted';
