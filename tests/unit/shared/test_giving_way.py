"""Who gives way does so against other sessions, too, and changes no session but its own."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import os
from pathlib import Path
from shared.giving_way import AUTOGROUP, give_way
give_way({nice})
session = AUTOGROUP.read_text().split()[-1] if AUTOGROUP.exists() else "none"
print(os.getpriority(os.PRIO_PROCESS, 0), session)
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
    assert values_after(0, own_session=True) == values_after(0, own_session=True)
    assert values_after(0, own_session=True)[1] in ("0", "none")
