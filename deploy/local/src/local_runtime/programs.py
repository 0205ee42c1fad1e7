"""The services and simulators as processes: their commands, variables and probes."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from local_runtime.config import WITH_CONSOLE
from local_runtime.fork_server import ForkServer
from local_runtime.ports import HOST
from local_runtime.processes import Child, Command
from local_runtime.runtimes.server import Server

READY_PATH = "/health/ready"
_PROBE_TIMEOUT_S = 2.0


# Here one made-up address stands for every customer of a load, and partners are on this machine.
USUAL = {
    "notifications": {
        "NOTIFICATIONS_RECIPIENT_MAILS_PER_HOUR_MAX": "1000000",
        "NOTIFICATIONS_WEBHOOK_NETWORKS": '["127.0.0.0/8"]',
    }
}


class Program(Server):
    """A process of ours that says on its HTTP port whether it is ready."""

    def __init__(
        self, name: str, group: str, port: int, command: Command, forks: ForkServer | None = None
    ) -> None:
        super().__init__(name)
        self.group = group
        self.port = port
        self._command = command
        self._forks = forks

    @property
    def url(self) -> str:
        """Its base address."""
        return f"http://{HOST}:{self.port}"

    async def command(self) -> Command:
        """The same command at every start, with the variables set by then."""
        return self._command

    def new_child(self, command: Command) -> Child:
        """Forked if that is possible; a start like any other if not."""
        forked = self._forks.fork(command) if self._forks else None
        return Child(command.log, forked) if forked else super().new_child(command)

    def set_variables(self, **variables: str) -> None:
        """Every start from now on has these variables, too."""
        env = {**self._command.env, **variables}
        self._command = replace(self._command, env=env)

    async def answers(self) -> bool:
        """Whether ``GET /health/ready`` says 200."""
        return await status_of(self.port, READY_PATH) == 200


def service_environment(
    service: str, given: Mapping[str, str], caller: Mapping[str, str]
) -> dict[str, str]:
    """One instance's variables: the usual, the caller's without the other services', then ours."""
    others = tuple(f"{name.upper()}_" for name in WITH_CONSOLE if name != service)
    kept = {name: value for name, value in caller.items() if not name.startswith(others)}
    ours = {f"{service.upper()}_{name}": value for name, value in given.items()}
    return {**USUAL.get(service, {}), **kept, "ORDERPROOF_ENVIRONMENT": "local", **ours}


def default_command(group: str) -> list[str]:
    """How a service or simulator is started in this environment."""
    modules = {
        "provider": "local_runtime.simulators.provider",
        "mail": "local_runtime.simulators.mail_sink",
    }
    return [sys.executable, "-m", modules.get(group, group)]


def simulator(
    group: str,
    argv: Sequence[str],
    ports: Mapping[str, int],
    log: Path,
    env: Mapping[str, str],
    forks: ForkServer,
) -> Program:
    """A simulator, whose ports are arguments; the last one is its HTTP port."""
    arguments = [part for name, port in ports.items() for part in (f"--{name}", str(port))]
    http_port = list(ports.values())[-1]
    return Program(group, group, http_port, Command([*argv, *arguments], log, env), forks)


async def status_of(port: int, path: str) -> int | None:
    """The status of a GET on the loopback address, None when nothing answers."""
    try:
        async with asyncio.timeout(_PROBE_TIMEOUT_S):
            return await _status_of(port, path)
    except (OSError, TimeoutError, ValueError, IndexError):
        return None


async def _status_of(port: int, path: str) -> int:
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        request = f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nConnection: close\r\n\r\n"
        writer.write(request.encode())
        return int((await reader.readline()).split()[1])
    finally:
        writer.close()
