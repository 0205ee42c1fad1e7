"""Child processes: their end, their log, and no life beyond the parent's."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from local_runtime.polling import until
from local_runtime.processes import Child, Command, tail_of
from local_runtime.runtimes.base import NotReadyError

from .conftest import MakeProgram

_PARENT = """
import asyncio, sys, time
from pathlib import Path
from local_runtime.processes import Child, Command

sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
children = [Child.of(Command(sleeper, Path(sys.argv[1]) / f"{n}.log")) for n in range(2)]
print(*(child.pid for child in children), flush=True)
time.sleep(600)
"""


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _children_of_a_killed_parent(folder: Path) -> list[int]:
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT, str(folder)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]

        assert len(pids) == 2
        assert all(_lives(pid) for pid in pids)
        parent.kill()
    return pids


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal")
async def test_no_child_outlives_a_parent_that_is_killed(tmp_path: Path) -> None:
    pids = _children_of_a_killed_parent(tmp_path)

    async def gone() -> bool:
        return not any(_lives(pid) for pid in pids)

    await until(gone, timeout_s=5, what="the end of the children")


async def test_a_child_that_ignores_the_request_is_killed(tmp_path: Path) -> None:
    deaf = "import signal; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); "
    argv = [sys.executable, "-c", deaf + "signal.pause()"]
    child = Child.of(Command(argv, tmp_path / "deaf.log"))

    async def is_deaf() -> bool:
        return "deaf" in child.tail()

    await until(is_deaf, timeout_s=5, what="the child")

    assert await child.stop(timeout_s=0.1) == -signal.SIGKILL


async def test_a_child_leads_a_group_of_its_own(tmp_path: Path) -> None:
    child = Child.of(Command(["sleep", "600"], tmp_path / "sleep.log"))
    try:
        assert os.getpgid(child.pid) == child.pid != os.getpgid(0)
    finally:
        child.kill_group()
        await child.exited()


async def test_a_process_that_ends_before_it_answers_says_why(make_program: MakeProgram) -> None:
    program = make_program({"STAND_IN_EXIT_CODE": "1"})

    with pytest.raises(NotReadyError, match="the stand-in says why"):
        await program.start(10)


def test_the_tail_is_the_end_of_the_log(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text("".join(f"line {number}\n" for number in range(5_000)))

    assert tail_of(log, 2) == "line 4998\nline 4999"
    assert tail_of(tmp_path / "none.log") == ""
