"""Calls to the provider: taken up, made, and recorded, each under the order's row."""
