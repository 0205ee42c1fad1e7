"""Rules of the console: what is kept of a record, and what is said about an order."""
