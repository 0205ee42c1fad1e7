"""Real bugs brought back one at a time, to show that a check sees each of them."""
