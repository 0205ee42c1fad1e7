"""The crash seam: named points where a test may kill or stop the process; off, it is one test.

A point acts when ``<directory>/<instance>.<point>`` exists. The file is taken away first, so it
acts once and its absence is the witness; the file's text says how: ``KILL`` or ``STOP``. A file
that does not say it yet is still being written.
"""

import os
import signal
from collections.abc import Callable
from pathlib import Path

POINTS = frozenset(
    {
        "api.after_claim",
        "api.after_commit",
        "api.before_claim",
        "consumer.in_transaction",
        "before_commit",
        "consumer.after_commit",
        "consumer.on_revoke",
        "redrive.in_transaction",
        "relay.after_ack",
        "relay.before_send",
        "timer.before_transaction",
        "worker.before_call",
        "worker.after_call",
        "webhook.before_call",
        "webhook.after_call",
    }
)

SIGNALS = {"KILL": signal.SIGKILL, "STOP": signal.SIGSTOP}

_act: Callable[[str], None] | None = None


def point(name: str) -> None:
    """Die or stop here if a test asked for it."""
    if _act is not None:
        _act(name)


def arm(directory: Path | None, instance: str) -> None:
    """Watch ``directory`` for orders to die; ``None`` switches every point off."""
    global _act
    if directory is None:
        _act = None
        return
    folder = directory

    def act(name: str) -> None:
        assert name in POINTS, name
        order = folder / f"{instance}.{name}"
        try:
            how = order.read_text().strip()
            if how not in SIGNALS:
                return
            order.unlink()
        except FileNotFoundError:
            return
        os.kill(os.getpid(), SIGNALS[how])

    _act = act
