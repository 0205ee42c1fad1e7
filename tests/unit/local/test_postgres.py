"""What a PostgreSQL server that died leaves behind."""

import os
from pathlib import Path

import pytest
from local_runtime.runtimes.postgres import attached_processes, drop_stale_lock

_UNUSED_SEGMENT = "1 2147483647"


def _pid_file(data: Path, segment: str) -> Path:
    file = data / "postmaster.pid"
    # The pid lives, as that of a zombie does.
    file.write_text(f"{os.getpid()}\n{data}\n0\n5432\n\n127.0.0.1\n {segment}\nready\n")
    return file


@pytest.mark.skipif(not Path("/proc/sysvipc/shm").exists(), reason="needs the kernel's list")
def test_the_lock_of_a_dead_server_is_dropped_though_its_pid_exists(tmp_path: Path) -> None:
    file = _pid_file(tmp_path, _UNUSED_SEGMENT)

    assert attached_processes(tmp_path) == 0
    drop_stale_lock(tmp_path)
    assert not file.exists()


def test_a_lock_that_says_nothing_certain_stays(tmp_path: Path) -> None:
    file = tmp_path / "postmaster.pid"
    file.write_text("1\n")

    assert attached_processes(tmp_path) is None
    drop_stale_lock(tmp_path)
    assert file.exists()
