"""Builders, judges and waits for tests; never installed into an image."""
