"""The three ways to real Kafka and PostgreSQL, behind one interface."""
