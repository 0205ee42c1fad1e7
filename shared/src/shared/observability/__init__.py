"""Traces, metrics and logs, set up once for all services."""
