"""Giving way: a process that nobody waits for leaves a busy machine to the others."""

import contextlib
import os
import sys
from pathlib import Path

# A third of the weight of those in front: it is slow on a full machine, and still gets its turns.
NICE = 5
AUTOGROUP = Path("/proc/self/autogroup")


def give_way(nice: int) -> None:
    """Go behind the others by ``nice``, 0 to 19; where the machine has time left nothing changes.

    Where Linux divides it among sessions, a nice value counts within its own session only, so the
    session has one, too (sched(7), "The autogroup feature"). That of others is left alone.
    """
    if not nice or sys.platform == "win32":
        return
    os.nice(nice)
    if os.getsid(0) == os.getpid():
        # Not there, or not ours to change: then the nice value is what counts, or the container's.
        with contextlib.suppress(OSError):
            AUTOGROUP.write_text(str(nice))
