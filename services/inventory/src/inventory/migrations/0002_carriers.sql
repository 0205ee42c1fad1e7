-- What carriers tell of parcels, and fulfilment orders that are being picked and packed.

-- Append-only. A parcel that the release before this one delivered has no row here, only its
-- shipment's delivered_at.
CREATE TABLE shipment_events (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    shipment_id text COLLATE "C" NOT NULL REFERENCES shipments,
    status      text NOT NULL CHECK (status IN ('in_transit', 'out_for_delivery',
        'ready_for_pickup', 'failed_attempt', 'returned_to_sender', 'delivered')),
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    note        text NOT NULL DEFAULT '',
    UNIQUE (shipment_id, status, occurred_at)
);
REVOKE UPDATE, DELETE, TRUNCATE ON shipment_events FROM CURRENT_USER;

ALTER TABLE order_holds ADD COLUMN processing_started_at timestamptz;
