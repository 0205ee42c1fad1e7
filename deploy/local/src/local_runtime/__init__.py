"""Runs the system on one machine: real Kafka, real PostgreSQL, services and simulators."""
