"""One supervisor per run directory."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

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
        yield


def is_held(run_dir: RunDir) -> bool:
    """Whether a supervisor lives there now."""
    if not run_dir.lock.exists():
        return False
    try:
        with hold_run_lock(run_dir):
            return False
    except AlreadyRunningError:
        return True
