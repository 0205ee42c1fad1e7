"""The benchmark: an open-loop generator, its physical limit and its peers, in one run."""
