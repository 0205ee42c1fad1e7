"""Logs as services write them, and what must not be in any of a whole run: a deadlock."""

import logging
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import structlog
from shared.observability import logging as service_logging

_DEADLOCK = re.compile(r"40P01|deadlock detected|DeadlockDetected")
# PostgreSQL's prefix ends in user@database and the SQLSTATE; one error is several lines.
_POSTGRES = re.compile(r"@(?P<database>\S+) 40P01 (?P<level>[A-Z]+):")

planted: Counter[str] = Counter()
"""Deadlocks by database that a counterexample has brought about, and seen, in this run."""


@contextmanager
def logs_as_of_a_service(name: str) -> Iterator[None]:
    """Lines on stderr as a service's; afterwards as before, also for loggers that were used."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers, root.level
    service_logging.set_up(name, f"{name}-0")
    structlog.configure(**{**structlog.get_config(), "cache_logger_on_first_use": False})
    try:
        yield
    finally:
        root.handlers, root.level = handlers, level
        structlog.configure(**before)
        structlog.contextvars.clear_contextvars()


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
