"""Promises checked: those of every service, and how each service watches its own."""
