"""House rules as tests; each tells why it is a rule."""
