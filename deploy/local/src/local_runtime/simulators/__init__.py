"""Stand-ins for the outside world, a payment provider and a mail gateway, that fail on request."""
