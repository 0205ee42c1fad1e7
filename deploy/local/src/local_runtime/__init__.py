"""Runs the whole system on one machine: real Kafka, real PostgreSQL, the services and the simulators."""
