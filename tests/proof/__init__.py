"""The proof: outside judges, faults and planted bugs."""
