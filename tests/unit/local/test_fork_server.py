"""Programs that are forked: as if each had been started afresh."""

import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import pytest_asyncio
from local_runtime.fork_server import ForkServer
from local_runtime.polling import until
from local_runtime.processes import Child, Command

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks are watched by pidfds")
PROGRAM = "tests.unit.local.forked_program"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ForkServer]:
    one = ForkServer(tmp_path_factory.mktemp("forks") / "server.log")
    one.start()
    try:
        await one.ready()
        yield one
    finally:
        one.stop()


def _command(folder: Path, *words: str, **variables: str) -> Command:
    env = {**os.environ, **variables}
    return Command([sys.executable, "-m", PROGRAM, *words], folder / "program.log", env)


def _fork(server: ForkServer, command: Command) -> Child:
    forked = server.fork(command)
    assert forked is not None
    return Child(command.log, forked)


async def _told(child: Child) -> dict[str, Any]:
    async def tells() -> bool:
        return child.tail(1) != ""

    await until(tells, timeout_s=10, what="its first line")
    return dict(json.loads(child.tail(1)))


async def test_a_fork_has_its_own_group_arguments_variables_and_log(
    server: ForkServer, tmp_path: Path
) -> None:
    command = _command(tmp_path, "exit", "0", FORKED="yes")
    child = _fork(server, command)

    assert await child.exited() == 0
    told = await _told(child)
    assert told["pid"] == told["group"] == child.pid
    assert told["arguments"] == ["exit", "0"]
    assert told["variable"] == "yes"
    assert told["variables"] == len(command.env)


async def test_the_end_of_a_fork_is_told_as_that_of_any_child(
    server: ForkServer, tmp_path: Path
) -> None:
    refused = _fork(server, _command(tmp_path, "exit", "78"))
    failed = _fork(server, _command(tmp_path / "failed", "raise"))
    killed = _fork(server, _command(tmp_path / "killed", "wait"))
    await _told(killed)
    assert killed.returncode is None
    killed.send(signal.SIGKILL)

    assert [await one.exited() for one in (refused, failed, killed)] == [78, 1, -signal.SIGKILL]
    assert "RuntimeError: planned" in failed.tail()
    killed.send(signal.SIGKILL)  # Nothing, and to nobody else.


async def test_no_two_forks_make_the_same_ids(server: ForkServer, tmp_path: Path) -> None:
    children = [_fork(server, _command(tmp_path / str(number), "exit", "0")) for number in range(4)]
    for child in children:
        await child.exited()

    assert len({(await _told(child))["id"][-16:] for child in children}) == len(children)


@pytest.mark.parametrize(
    "command",
    [
        Command(["sleep", "1"], Path("unused.log")),
        Command([sys.executable, "a_file.py"], Path("unused.log")),
        Command([sys.executable, "-m", PROGRAM], Path("unused.log"), uid=1),
        _command(Path(), "exit", "0", LD_PRELOAD="libfaketime.so.1"),
        _command(Path(), "exit", "0", PYTHONDEVMODE="1"),
        _command(Path(), "exit", "0", LONG="x" * 70_000),
    ],
    ids=["no Python", "a file", "another user", "a preloaded library", "another mode", "too long"],
)
async def test_what_needs_a_start_of_its_own_is_not_forked(
    server: ForkServer, command: Command
) -> None:
    assert server.fork(command) is None


async def test_forks_end_with_their_server_and_plain_starts_go_on(tmp_path: Path) -> None:
    server = ForkServer(tmp_path / "server.log")
    server.start()
    await server.ready()
    child = _fork(server, _command(tmp_path, "wait"))
    await _told(child)
    parent = psutil.Process(child.pid).parent()
    assert parent is not None
    parent.kill()

    assert await child.exited() == -signal.SIGKILL
    assert server.fork(_command(tmp_path, "exit", "0")) is None
    server.stop()


async def test_a_server_that_does_not_answer_is_ended_with_what_it_forked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local_runtime.fork_server.ANSWER_TIMEOUT_S", 0.2)
    server = ForkServer(tmp_path / "server.log")
    server.start()
    await server.ready()
    child = _fork(server, _command(tmp_path, "wait"))
    parent = psutil.Process(child.pid).parent()
    assert parent is not None
    parent.suspend()

    assert server.fork(_command(tmp_path, "exit", "0")) is None
    assert await child.exited() == -signal.SIGKILL
    server.stop()

    async def gone() -> bool:
        try:
            return psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    await until(gone, timeout_s=5, what="the end of what it forked")


async def test_a_server_that_cannot_start_forks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local_runtime.fork_server._LOOP", "local_runtime.no_such_module")
    server = ForkServer(tmp_path / "server.log")
    server.start()
    await server.ready()

    assert server.fork(_command(tmp_path, "exit", "0")) is None
    server.stop()
