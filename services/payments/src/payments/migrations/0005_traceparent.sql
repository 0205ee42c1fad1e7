-- The trace context in which a payment was asked for: what a sweep finds is told in it.
ALTER TABLE payments ADD COLUMN traceparent text NOT NULL DEFAULT '';
