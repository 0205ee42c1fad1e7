"""Comparisons across services: each reads both sides' own records, and no service's word."""
