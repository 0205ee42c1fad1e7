"""What others may rely on: stored samples of every event, and the CloudEvents binding."""
