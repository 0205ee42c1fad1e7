"""The SQL of the partners' log, their keys, endpoints and deliveries."""
