"""What every HTTP surface shares: problem documents, health and ops."""
