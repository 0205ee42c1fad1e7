"""Each missing thing is named with the command that mends it."""

import os
from collections import namedtuple
from pathlib import Path

import pytest
from local_runtime import doctor
from local_runtime.paths import RunDir
from local_runtime.run_lock import AlreadyRunningError, hold_run_lock, holder

_Usage = namedtuple("_Usage", "free")
_GIB = 1024**3


def test_an_old_python_is_named_with_its_remedy() -> None:
    assert doctor.python_is_recent((3, 11)).fine
    found = doctor.python_is_recent((3, 10))

    assert not found.fine
    assert found.blocks
    assert "apt-get install python3.11" in found.remedy


@pytest.mark.parametrize(("free", "fine"), [(_GIB, True), (_GIB - 1, False)])
def test_a_start_needs_a_gibibyte_of_disk(tmp_path: Path, free: int, fine: bool) -> None:
    found = doctor.disk_has_room(tmp_path, lambda _: _Usage(free))

    assert (found.fine, found.blocks) == (fine, True)


def test_little_memory_is_a_note() -> None:
    found = doctor.memory_suffices(_GIB)

    assert (found.fine, found.blocks) == (False, False)


def test_missing_binaries_are_mended_by_the_setup() -> None:
    found = doctor.postgres_is_there(None)

    assert (found.fine, found.remedy) == (False, "make setup")


def test_an_empty_cache_says_that_the_network_is_needed(tmp_path: Path) -> None:
    found = doctor.jars_are_cached(tmp_path)

    assert (found.fine, found.blocks) == (False, False)
    assert "not cached" in found.detail


def test_a_running_stack_is_named_with_what_ends_it(tmp_path: Path) -> None:
    run_dir = RunDir.at(tmp_path)

    with hold_run_lock(run_dir):
        found = doctor.run_dir_is_free(run_dir)

        assert holder(run_dir) == os.getpid()
    assert (found.fine, found.remedy) == (False, "orderproof down")
    assert holder(run_dir) is None


def test_a_run_directory_has_one_supervisor(tmp_path: Path) -> None:
    run_dir = RunDir.at(tmp_path)

    with (
        hold_run_lock(run_dir),
        pytest.raises(AlreadyRunningError, match="orderproof down"),
        hold_run_lock(run_dir),
    ):
        pass


def test_only_findings_that_block_forbid_a_start() -> None:
    findings = [
        doctor.Finding("a", fine=True, detail=""),
        doctor.Finding("b", fine=False, detail="", blocks=False),
        doctor.Finding("c", fine=False, detail=""),
    ]

    assert [each.subject for each in doctor.blocking(findings)] == ["c"]


def test_this_machine_can_run_the_system(tmp_path: Path) -> None:
    assert doctor.blocking(doctor.examine(RunDir.at(tmp_path))) == []
