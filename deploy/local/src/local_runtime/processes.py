"""One child process: its own group, its own log, and no life beyond its parent's."""

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from local_runtime.polling import StillWaitingError, until

_PR_SET_PDEATHSIG = 1
_LOG_TAIL_BYTES = 8_192


@dataclass(frozen=True)
class Command:
    """What to run, as whom and with which variables."""

    argv: Sequence[str]
    log: Path
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    uid: int | None = None
    folder: Path | None = None

    @property
    def module(self) -> str | None:
        """The module that this Python is to run as a program; None for any other command."""
        plain = self.uid is None and self.folder is None
        runs = list(self.argv[:2]) == [sys.executable, "-m"] and len(self.argv) > 2
        return self.argv[2] if plain and runs else None


class Process(Protocol):
    """A started process: what a child needs of ``subprocess.Popen``."""

    pid: int

    def poll(self) -> int | None:
        """Its exit code (negative: the signal), None while it runs."""

    def wait(self) -> int:
        """Block until it has ended, and reap it."""

    def send_signal(self, number: int, /) -> None:
        """Nothing when it has ended."""

    def kill(self) -> None:
        """SIGKILL."""


class Child:
    """A started process; it is reaped by :meth:`exited` and by nothing else."""

    def __init__(self, log: Path, process: Process) -> None:
        self.log = log
        self._process = process

    @classmethod
    def of(cls, command: Command) -> "Child":
        """Start it."""
        return cls(command.log, spawn(command))

    @property
    def pid(self) -> int:
        """The process id, which is the id of its group too."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Its exit code (negative: the signal), None while it runs."""
        return self._process.poll()

    def send(self, number: int) -> None:
        """Send ``number`` to the process alone; nothing when it has ended."""
        self._process.send_signal(number)

    def kill_group(self) -> None:
        """Send SIGKILL to the process and to all that it started."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            self._process.kill()

    async def exited(self) -> int:
        """Wait for the end, reap it, return the exit code."""
        await _wait_for_exit(self._process)
        return self._process.wait()

    async def stop(self, *, timeout_s: float, number: int = signal.SIGTERM) -> int:
        """Ask with ``number``, insist with SIGKILL after ``timeout_s``."""
        self.send(number)
        try:
            await asyncio.wait_for(self.exited(), timeout_s)
        except TimeoutError:
            self.kill_group()
        return await self.exited()

    def tail(self, lines: int = 20) -> str:
        """The end of its log."""
        return tail_of(self.log, lines)


def tail_of(log: Path, lines: int = 20) -> str:
    """The last ``lines`` of a log, empty when there is none."""
    if not log.exists():
        return ""
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - _LOG_TAIL_BYTES))
        text = stream.read().decode(errors="replace")
    return "\n".join(text.splitlines()[-lines:])


def spawn(command: Command, keep: Sequence[int] = ()) -> subprocess.Popen[bytes]:
    """A fresh process, which inherits the descriptors of ``keep`` beside its log."""
    command.log.parent.mkdir(parents=True, exist_ok=True)
    with command.log.open("ab") as log:
        return subprocess.Popen(
            list(command.argv),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=dict(command.env),
            cwd=command.folder,
            start_new_session=True,
            preexec_fn=die_with(os.getpid()),
            pass_fds=keep,
            user=command.uid,
            group=command.uid,
            extra_groups=None if command.uid is None else [],
        )


def die_with(parent: int) -> Callable[[], None] | None:
    """A hook for the child: the kernel kills it when the thread that started it ends."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def hook() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return hook


async def _wait_for_exit(process: Process) -> None:
    if process.poll() is not None:
        return
    try:
        descriptor = os.pidfd_open(process.pid)
    except (AttributeError, OSError):
        await _poll_for_exit(process)
        return
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    try:
        loop.add_reader(descriptor, ended.set)
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


async def _poll_for_exit(process: Process) -> None:
    async def ended() -> bool:
        return process.poll() is not None

    while True:
        try:
            return await until(ended, timeout_s=3_600, what="the end of a process")
        except StillWaitingError:
            continue
