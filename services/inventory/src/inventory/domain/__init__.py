"""Pure rules: no IO, clock or randomness except as arguments."""
