"""One supervisor per run directory."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from local_runtime.endpoints import read_json
from local_runtime.paths import RunDir


class AlreadyRunningError(RuntimeError):
    """Another supervisor works in the same run directory."""


@contextmanager
def hold_run_lock(run_dir: RunDir) -> Iterator[None]:
    """Hold the directory; the kernel lets go of it however the holder ends."""
    with run_dir.lock.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            message = f"a stack runs in {run_dir.root} already; stop it with: orderproof down"
            raise AlreadyRunningError(message) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def holder(run_dir: RunDir) -> int | None:
    """The pid of the supervisor that lives there now, None when there is none."""
    if not run_dir.lock.exists():
        return None
    with run_dir.lock.open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(lock.read() or 0) or None
        return None


def live_state(run_dir: RunDir) -> dict[str, Any] | None:
    """What the supervisor of this directory says, None when none lives there."""
    pid = holder(run_dir)
    state = read_json(run_dir.state) if pid else None
    return state if state and state["pid"] == pid else None
