"""What must not be in any log of a whole run: a deadlock that nobody planted."""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

_DEADLOCK = re.compile(r"40P01|deadlock detected|DeadlockDetected")
# PostgreSQL's prefix ends in user@database and the SQLSTATE; one error is several lines.
_POSTGRES = re.compile(r"@(?P<database>\S+) 40P01 (?P<level>[A-Z]+):")

planted: Counter[str] = Counter()
"""Deadlocks by database that a counterexample has brought about, and seen, in this run."""


def deadlocks_in(run_dir: Path, expected: Mapping[str, int]) -> list[str]:
    """Every deadlock in the logs of every stack below ``run_dir`` beyond the ``expected``."""
    left = Counter(expected)
    return [
        f"{log.parent.parent.name}/{log.name}: {line[:300]}"
        for log in sorted(run_dir.glob("*/logs/*.log"))
        for line in log.read_text(errors="replace").splitlines()
        if _DEADLOCK.search(line) and not _is_known(line, left)
    ]


def _is_known(line: str, left: Counter[str]) -> bool:
    """Whether the line is one of those expected, or goes on with an error counted before."""
    error = _POSTGRES.search(line)
    if error is None:
        return False
    if error["level"] != "ERROR":
        return True
    left[error["database"]] -= 1
    return left[error["database"]] >= 0
