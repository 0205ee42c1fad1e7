"""Calls to the outside: durable work rows, leased and run outside any transaction."""
