-- The trace context (W3C) in which the event was recorded: its deliveries are spans of that trace.
ALTER TABLE partner_events ADD COLUMN traceparent text;
