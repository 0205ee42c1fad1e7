"""A pytest plugin: what is tested is the copy, in this process and in those it starts."""

import subprocess
import sys

import pytest

from tests.proof.planted.where import outside

CODE_OUTSIDE = 97
LOOK = "from tests.proof.planted.where import outside; raise SystemExit(len(outside()))"


def pytest_sessionstart() -> None:
    """Ends the run with a code of its own when the bug would be planted beside what is tested."""
    found = outside()
    child = subprocess.run([sys.executable, "-c", LOOK], check=False)
    if found or child.returncode:
        pytest.exit(f"not the copy: {found}, in a child: {child.returncode}", CODE_OUTSIDE)
