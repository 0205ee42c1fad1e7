"""How far apart batches of this service begin: no order waits for what is told of it."""

INTERVAL_S_MIN = 0.1  # People do not see a tenth of a second.
