"""Seeded simulation: the real rules on a simulated broker, provider and clock; see README.md."""
