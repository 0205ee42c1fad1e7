-- The trace context in which an order was placed: what its deadline does is told in it.
ALTER TABLE orders ADD COLUMN traceparent text NOT NULL DEFAULT '';
