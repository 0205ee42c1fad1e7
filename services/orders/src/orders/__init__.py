"""Takes orders in and owns each order's life."""
