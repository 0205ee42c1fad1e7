"""Everything that leaves for the customer."""
