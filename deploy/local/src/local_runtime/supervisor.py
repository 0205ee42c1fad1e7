"""The whole system as one object: start it, keep it alive, break it, stop it."""

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from local_runtime.config import CONSOLE, StackConfig
from local_runtime.endpoints import Addresses, Process, document, write_json
from local_runtime.keeper import Keeper
from local_runtime.launch import Launch
from local_runtime.paths import RunDir
from local_runtime.polling import StillWaitingError, until
from local_runtime.ports import PortBook
from local_runtime.programs import Program
from local_runtime.restarts import RestartRule
from local_runtime.run_lock import hold_run_lock
from local_runtime.runtimes.base import Node, NotReadyError, Runtime, Stopwatch
from local_runtime.runtimes.choice import build, choose
from local_runtime.runtimes.server import READY_TIMEOUT_S

_SERVICE_STOP_TIMEOUT_S = 2.5
_SIMULATOR_STOP_TIMEOUT_S = 1.0


class Supervisor:
    """Runs one stack below its run directory; ``async with`` starts and stops it."""

    def __init__(
        self, config: StackConfig, runtime: Runtime | None = None, ports: PortBook | None = None
    ) -> None:
        self.config = config
        self.run_dir = RunDir.at(config.run_dir)
        self._ports = ports or PortBook(fixed=config.fixed_ports)
        self.runtime = runtime or build(
            choose(None, os.environ).name,
            self.run_dir,
            self._ports,
            os.environ,
            partner_listener=config.partner_listener,
        )
        self.stopwatch = Stopwatch()
        self.differences: tuple[str, ...] = ()
        self._launch: Launch | None = None
        self._keepers: dict[str, Keeper] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._failed = asyncio.Event()
        self._failure: BaseException | None = None
        self._resources = ExitStack()
        self._claimed = False

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    def claim(self) -> None:
        """Take the run directory; raise when another supervisor has it."""
        if not self._claimed:
            self._resources.enter_context(hold_run_lock(self.run_dir))
            self._claimed = True

    async def start(self) -> None:
        """Return when every service is ready; raise, with all stopped, when one is not."""
        self.claim()
        self.run_dir.endpoints.unlink(missing_ok=True)
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Services first, so that they drain into servers that still answer."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        launch = self._launch
        services = launch.services if launch else ()
        tellers = [one for one in services if one.group != CONSOLE]
        await _stop_all(tellers, _SERVICE_STOP_TIMEOUT_S)
        # What they told of their last moments has come to it by now.
        listeners = [one for one in services if one.group == CONSOLE]
        await _stop_all(listeners, _SERVICE_STOP_TIMEOUT_S)
        simulators = _stop_all(launch.simulators if launch else (), _SIMULATOR_STOP_TIMEOUT_S)
        await asyncio.gather(simulators, self.runtime.stop())
        if launch is not None:
            launch.forks.stop()
        self.run_dir.endpoints.unlink(missing_ok=True)
        self._resources.close()
        self._claimed = False

    async def failed(self) -> BaseException:
        """Wait until something could not be kept alive; return why."""
        await self._failed.wait()
        return self._failure or RuntimeError("unknown failure")

    @property
    def failure(self) -> BaseException | None:
        """Why the stack is broken for good, None while it is not."""
        return self._failure

    @property
    def endpoints(self) -> dict[str, Any]:
        """What ``endpoints.json`` says, as of now."""
        return document(self.addresses, self._processes())

    @property
    def addresses(self) -> Addresses:
        """Where the servers are."""
        return self._launched.addresses

    @property
    def programs(self) -> Sequence[Program]:
        """Simulators and service instances."""
        return self._launched.programs

    def node(self, name: str) -> Node:
        """A process by its name: ``orders-0``, ``provider``, ``mail``, ``kafka``, ``postgres``."""
        return self._keepers[name].node

    def instance(self, name: str) -> Program:
        """A service instance or simulator by its name, with its ``pid`` and ``url``."""
        return next(program for program in self.programs if program.name == name)

    def kill(self, name: str, number: int = signal.SIGKILL) -> int | None:
        """Send a signal to a process; return the pid that got it."""
        node = self.node(name)
        pid = node.pid
        node.send(number)
        return pid

    async def wait_replaced(self, name: str, pid: int | None, timeout_s: float = 15.0) -> None:
        """Wait until another process than ``pid`` runs under the name and is ready."""
        node = self.node(name)

        async def replaced() -> bool:
            return node.pid not in (None, pid)

        await until(replaced, timeout_s=timeout_s, what=f"a new process of {name}")
        await node.wait_ready(timeout_s)

    async def take_down(self, name: str) -> None:
        """SIGKILL a process and leave it dead until :meth:`bring_back`."""
        node = self.node(name)
        self._keepers[name].hold()
        node.send(signal.SIGKILL)
        await node.exited()

    async def bring_back(self, name: str, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Start a process that was taken down; return when it is ready."""
        pid = self.node(name).pid
        self._keepers[name].release()
        await self.wait_replaced(name, pid, timeout_s)

    async def wait_ready(self, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Wait until every program answers; raise at once when one cannot be kept alive."""
        pending = list(self.programs)

        async def settled() -> bool:
            if self._failure is not None:
                raise self._failure
            pending[:] = [program for program in pending if not await program.answers()]
            return not pending

        # A death before the first answer is its keeper's business: only answers count here.
        try:
            await until(settled, timeout_s=timeout_s, what="an answer of every service")
        except StillWaitingError as error:
            late = "\n".join(f"{each.name} is not ready\n{each.tail()}" for each in pending)
            raise NotReadyError(f"{error}\n{late}") from error

    async def _start(self) -> None:
        launch = Launch(self.config, self.run_dir, self._ports, self.stopwatch)
        self._launch = launch
        launch.forks.start()
        with self.stopwatch.stage("backing"):
            backing = await self.runtime.start()
        self.stopwatch.stages.update(self.runtime.stages)
        self.differences = await launch.prepare(backing)
        with self.stopwatch.stage("services"):
            await launch.spawn(backing)
            self._keep([*self.runtime.nodes, *launch.programs])
            await self.wait_ready(self.config.ready_timeout_s)
        self._publish()

    def _keep(self, nodes: Sequence[Node]) -> None:
        for node in nodes:
            rule = RestartRule(self.config.restart_limits)
            keeper = Keeper(node, rule, self._renewed)
            self._keepers[node.name] = keeper
            self._tasks.append(asyncio.create_task(self._watch(keeper)))

    async def _watch(self, keeper: Keeper) -> None:
        try:
            await keeper.run()
        except Exception as error:
            self._failure = self._failure or error
            self._failed.set()

    def _renewed(self) -> None:
        if self.run_dir.endpoints.exists():
            self._publish()

    def _publish(self) -> None:
        write_json(self.run_dir.endpoints, self.endpoints)

    def _processes(self) -> list[Process]:
        programs = [Process(each.name, each.group, each.pid, each.url) for each in self.programs]
        servers = [Process(node.name, node.name, node.pid) for node in self.runtime.nodes]
        return [*programs, *servers]

    @property
    def _launched(self) -> Launch:
        if self._launch is None:
            raise RuntimeError("the stack was not started")
        return self._launch


async def _stop_all(nodes: Sequence[Node], timeout_s: float) -> None:
    await asyncio.gather(*(node.stop(timeout_s) for node in nodes))
