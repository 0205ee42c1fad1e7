"""The fork server's own process: imports what all services share, then forks them on request."""

import gc
import importlib
import json
import os
import runpy
import select
import socket
import sys
from pathlib import Path
from typing import Any

from local_runtime.processes import die_with

MESSAGE_BYTES_MAX = 256 * 1024
# What every service and simulator imports. Their own modules are not here: each would see what
# another registers, its metrics say.
PRELOADED = ("shared.running", "aiohttp.web", "uvicorn", "uvloop")


def main(descriptor: int) -> None:
    """Serve until the client is gone; in a forked process: be the program that was asked for."""
    connection = socket.socket(fileno=descriptor)
    for name in PRELOADED:
        importlib.import_module(name)
    # A collection would touch every object, and so copy what is shared.
    gc.collect()
    gc.freeze()
    connection.send(json.dumps({"ready": True}).encode())
    server = os.getpid()
    request = _serve(connection)
    if request is not None:
        _become(request, server)


def _serve(connection: socket.socket) -> dict[str, Any] | None:
    """Fork for each request, tell of each end. Returns in each child, with its request."""
    children: dict[int, int] = {}
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    while True:
        for ready, _ in poll.poll():
            if ready != connection.fileno():
                poll.unregister(ready)
                _tell_the_end(connection, ready, children.pop(ready))
            elif not (text := connection.recv(MESSAGE_BYTES_MAX)):
                return None
            elif (pid := os.fork()) == 0:
                connection.close()
                for descriptor in children:
                    os.close(descriptor)
                return dict(json.loads(text))
            else:
                descriptor = os.pidfd_open(pid)
                children[descriptor] = pid
                poll.register(descriptor, select.POLLIN)
                socket.send_fds(connection, [json.dumps({"pid": pid}).encode()], [descriptor])


def _tell_the_end(connection: socket.socket, descriptor: int, pid: int) -> None:
    os.close(descriptor)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    connection.send(json.dumps({"pid": pid, "code": code}).encode())


def _become(request: dict[str, Any], server: int) -> None:
    """What a fresh ``python -m module arguments`` would find: its group, streams and variables."""
    os.setsid()
    hook = die_with(server)
    if hook is not None:
        hook()
    path = Path(request["log"])
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    os.environ.clear()
    os.environ.update(request["env"])
    sys.argv = [request["module"], *request["arguments"]]
    runpy.run_module(request["module"], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
