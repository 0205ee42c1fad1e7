"""``python -m tests.proof``: the fault suite with its outside judges."""

import sys

from tests.proof.cli import main

if __name__ == "__main__":
    sys.exit(main())
