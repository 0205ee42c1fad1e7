"""Starts Python programs in a tenth of the time: a process with all imports forks them."""

import asyncio
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from local_runtime.fork_loop import MESSAGE_BYTES_MAX
from local_runtime.processes import Command, spawn

REQUEST_BYTES_MAX = 64 * 1024
# Variables that the dynamic linker, malloc or Python read once, before a program's first line.
READ_AT_THE_START = ("LD_", "MALLOC_", "PYTHON")
ANSWER_TIMEOUT_S = 10.0
_LOOP = "local_runtime.fork_loop"


class ForkServer:
    """Forks what would be started by ``python -m``; what it cannot, it leaves to a plain start.

    Imports are most of a service's start: two seconds of a core, and without them 0.3.
    Nothing else differs for the program: it has its own group, log and variables.
    Linux only, as pidfds are; elsewhere :meth:`fork` gives None.
    """

    def __init__(self, log: Path) -> None:
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._ready = False
        self._start_variables: Mapping[str, str] = {}
        self._forks: dict[int, Fork] = {}

    def start(self) -> None:
        """Start importing; :meth:`ready` waits until it is done."""
        if sys.platform != "linux":
            return
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._start_variables = _read_at_the_start(os.environ)
        with theirs:
            argv = [sys.executable, "-m", _LOOP, str(theirs.fileno())]
            self._process = spawn(Command(argv, self._log), keep=[theirs.fileno()])
        ours.setblocking(False)
        self._socket = ours

    async def ready(self) -> None:
        """Return when it forks, or has failed to start."""
        while self._socket is not None and not self._ready:
            await _readable(self._socket)
            self._take()

    def fork(self, command: Command) -> "Fork | None":
        """The program as a process, or None when it needs a start of its own."""
        request = self._request(command)
        if self._socket is None or not self._ready or request is None:
            return None
        try:
            self._socket.send(request)
        except OSError:
            self._gone()
        while self._answers():
            told, descriptors = self._take()
            if descriptors:
                forked = Fork(self, int(told["pid"]), descriptors[0])
                self._forks[forked.pid] = forked
                return forked
        return None

    def listen(self, *, wait: bool) -> None:
        """Take in which forks have ended; ``wait`` for news of one that has, and is not reaped."""
        if wait and self._answers():
            self._take()
        while self._socket is not None and select.select([self._socket], [], [], 0)[0]:
            self._take()

    def stop(self) -> None:
        """End it, and with it what it forked; nothing when it was never started."""
        self._gone()
        if self._process is not None:
            self._process.wait()
            self._process = None

    def _request(self, command: Command) -> bytes | None:
        module = command.module
        if module is None or _read_at_the_start(command.env) != self._start_variables:
            return None
        request = {
            "module": module,
            "arguments": list(command.argv[3:]),
            "env": dict(command.env),
            "log": str(command.log),
        }
        text = json.dumps(request).encode()
        return text if len(text) <= REQUEST_BYTES_MAX else None

    def _take(self) -> tuple[dict[str, Any], list[int]]:
        """One message, of three kinds: it is ready, it has forked, a fork has ended."""
        assert self._socket is not None
        try:
            text, descriptors, _, _ = socket.recv_fds(self._socket, MESSAGE_BYTES_MAX, 1)
        except ConnectionError:
            text, descriptors = b"", []
        if not text:
            self._gone()
            return {}, descriptors
        told = json.loads(text)
        if "code" in told:
            self._forks.pop(told["pid"]).code = told["code"]
        self._ready |= "ready" in told
        return told, descriptors

    def _answers(self) -> bool:
        """Whether it has something to say; one that is silent for too long is ended."""
        if self._socket is None:
            return False
        if not select.select([self._socket], [], [], ANSWER_TIMEOUT_S)[0]:
            self._gone()
        return self._socket is not None

    def _gone(self) -> None:
        """It is ended if it has not, and the kernel kills with it what it forked."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
            assert self._process is not None
            self._process.kill()
        for forked in self._forks.values():
            forked.code = -signal.SIGKILL
        self._forks.clear()


class Fork:
    """A forked process, with the part of ``subprocess.Popen`` that a child needs."""

    def __init__(self, server: ForkServer, pid: int, descriptor: int) -> None:
        self.pid = pid
        self.code: int | None = None
        self._server = server
        self._descriptor = descriptor

    def poll(self) -> int | None:
        self._server.listen(wait=False)
        return self.code

    def wait(self) -> int:
        while self.code is None:
            self._server.listen(wait=True)
        return self.code

    def send_signal(self, number: int) -> None:
        """To this very process: its id may be another's once it has ended."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._descriptor, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def __del__(self) -> None:
        os.close(self._descriptor)


def _read_at_the_start(variables: Mapping[str, str]) -> dict[str, str]:
    return {k: v for k, v in variables.items() if v and k.startswith(READ_AT_THE_START)}


async def _readable(connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(connection, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(connection)
