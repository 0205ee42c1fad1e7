"""Fulfilment events for partners: one log, told by webhook and read by cursor."""
