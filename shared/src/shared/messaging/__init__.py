"""The pipeline between Kafka and PostgreSQL: a batch is one transaction."""
