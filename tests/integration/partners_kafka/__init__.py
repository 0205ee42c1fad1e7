"""One broker for all tests of this folder; the partners acme and globex are let in."""
