"""Each alert's runbook, followed step by step on a system that is broken that way."""
