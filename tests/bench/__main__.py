"""``python -m tests.bench``: the benchmark with its limit and its peers."""

import sys

from tests.bench.cli import main

if __name__ == "__main__":
    sys.exit(main())
