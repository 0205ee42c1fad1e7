-- The handshake with the partner who fulfils, and their answer to a cancellation.
-- The checks are not tried on the rows that are there: all of those have the defaults.
ALTER TABLE order_holds
    ADD COLUMN request_status text NOT NULL DEFAULT 'unsubmitted',
    ADD COLUMN cancellation_status text NOT NULL DEFAULT 'none',
    ADD CONSTRAINT order_holds_request_status CHECK
        (request_status IN ('unsubmitted', 'requested', 'accepted', 'rejected')) NOT VALID,
    ADD CONSTRAINT order_holds_cancellation_status CHECK
        (cancellation_status IN ('none', 'requested', 'accepted', 'refused')) NOT VALID;
