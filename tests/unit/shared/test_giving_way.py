"""Who gives way does so against other sessions, too, and changes no session but its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

# A session that was there before any other has no line in its file.
SCRIPT = """
import os
from shared.giving_way import AUTOGROUP, give_way
give_way({nice})
told = AUTOGROUP.read_text().split() if AUTOGROUP.exists() else []
print(os.getpriority(os.PRIO_PROCESS, 0), told[-1] if told else "none")
"""
HAS_SESSIONS = Path("/proc/self/autogroup").exists()


def values_after(nice: int, *, own_session: bool) -> list[str]:
    """The nice value of a process, and that of its session, once it has given way."""
    script = [sys.executable, "-c", SCRIPT.format(nice=nice)]
    return subprocess.run(
        script, start_new_session=own_session, check=True, capture_output=True, text=True
    ).stdout.split()


@pytest.mark.skipif(not HAS_SESSIONS, reason="this kernel does not divide time among sessions")
def test_a_process_and_its_own_session_go_behind() -> None:
    before = int(values_after(0, own_session=True)[0])

    assert values_after(5, own_session=True) == [str(min(19, before + 5)), "5"]


def test_a_session_that_others_are_in_stays_as_it_is() -> None:
    before, session = values_after(0, own_session=False)

    assert values_after(5, own_session=False) == [str(min(19, int(before) + 5)), session]


def test_who_does_not_give_way_stays_as_it_is() -> None:
    nice, session = values_after(0, own_session=True)

    assert nice == str(os.getpriority(os.PRIO_PROCESS, 0))
    assert session in ("0", "none")
