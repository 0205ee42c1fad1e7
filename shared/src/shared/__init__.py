"""Contracts and plumbing that two or more services use; it knows no service."""
