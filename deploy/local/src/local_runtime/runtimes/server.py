"""A server process with a probe: what broker, database, simulators and services share."""

import asyncio
import os
import signal
from abc import ABC, abstractmethod

from local_runtime.polling import StillWaitingError, until
from local_runtime.processes import Child, Command, tail_of
from local_runtime.runtimes.base import NotReadyError

READY_TIMEOUT_S = 60.0


class Server(ABC):
    """A node whose subclass knows its command and its probe; it may start, die and start again."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._child: Child | None = None

    @abstractmethod
    async def command(self) -> Command:
        """Prepare what the process needs; return what to run."""

    @abstractmethod
    async def answers(self) -> bool:
        """Whether the server does its work now."""

    @property
    def pid(self) -> int | None:
        """The process id, None while it is down."""
        return self._child.pid if self._child and self._child.returncode is None else None

    async def start(self, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Spawn, then wait until it answers."""
        await self.spawn()
        await self.wait_ready(timeout_s)

    async def spawn(self) -> None:
        """Start the process without waiting for it to answer."""
        if self.pid is not None:
            raise RuntimeError(f"{self.name} runs already")
        self._child = self.new_child(await self.command())

    def new_child(self, command: Command) -> Child:
        """Start its process."""
        return Child.of(command)

    async def wait_ready(self, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Return when it answers; raise when it ends before, or is too late."""
        child = self._running()

        async def settled() -> bool:
            return child.returncode is not None or await self.answers()

        try:
            await until(settled, timeout_s=timeout_s, what=f"an answer of {self.name}")
        except StillWaitingError as error:
            raise NotReadyError(f"{error}\n{child.tail()}") from error
        if child.returncode is not None:
            raise NotReadyError(f"{self.name} ended with {child.returncode}\n{child.tail()}")

    async def exited(self) -> int:
        """Wait for the process's end and reap it."""
        return await self._running().exited()

    async def stop(self, timeout_s: float = 5.0) -> None:
        """End the process; a paused one is killed at once."""
        if self._child is not None:
            await self._child.stop(timeout_s=timeout_s, number=self.stop_signal)

    @property
    def stop_signal(self) -> int:
        """The signal that asks for an orderly end."""
        return signal.SIGTERM

    def send(self, number: int) -> None:
        """Send a signal to the process."""
        self._running().send(number)

    async def kill(self) -> None:
        """SIGKILL the process and reap it: a crash."""
        self._running().kill_group()
        await self.exited()

    async def abandon(self) -> None:
        """SIGKILL whatever of it runs; nothing when it never did."""
        if self._child is not None:
            await self.kill()

    def pause(self) -> None:
        """SIGSTOP: the process keeps its connections and answers nothing."""
        self.send(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        self.send(signal.SIGCONT)

    def tail(self) -> str:
        """The end of its log."""
        return self._child.tail() if self._child else ""

    def _running(self) -> Child:
        if self._child is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._child


async def run_to_end(command: Command, what: str, timeout_s: float = 60.0) -> None:
    """Run a tool that ends by itself; raise with the end of its log when it fails."""
    child = Child.of(command)
    try:
        async with asyncio.timeout(timeout_s):
            code = await child.exited()
    except BaseException:
        child.kill_group()
        await child.exited()
        raise
    if code != 0:
        raise NotReadyError(f"{what} ended with {code}\n{tail_of(command.log)}")


def plain_environment() -> dict[str, str]:
    """The caller's variables without what would change a server's behaviour."""
    unwanted = ("PG", "KAFKA_", "JAVA_", "JDK_", "LC_", "LANG")
    return {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
