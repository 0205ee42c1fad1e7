"""A supervisor from its start to the signal that ends it, and what it tells others meanwhile."""

import asyncio
import os
import signal
from collections.abc import Callable
from typing import Any

from local_runtime.config import StackConfig
from local_runtime.endpoints import write_json
from local_runtime.keeper import GaveUpError
from local_runtime.paths import RunDir
from local_runtime.ports import PortBook
from local_runtime.runtimes.choice import Choice, RuntimeName, build
from local_runtime.supervisor import Supervisor

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
Announce = Callable[[Supervisor], None]


class Session:
    """Runs one stack for as long as nobody ends it; its exit code says how it went."""

    def __init__(self, config: StackConfig, choice: Choice) -> None:
        self._choice = choice
        self._run_dir = RunDir.at(config.run_dir)
        ports = PortBook(fixed=config.fixed_ports)
        partners = config.partner_listener
        runtime = build(choice.name, self._run_dir, ports, os.environ, partner_listener=partners)
        self._supervisor = Supervisor(config, runtime, ports)
        self.reason = ""

    async def run(self, announce: Announce) -> int:
        """Start, announce, wait for a signal or a failure, stop."""
        self._supervisor.claim()
        stopping = _stop_event()
        self._tell("starting")
        try:
            await self._until_stopped(stopping, announce)
        except Exception as error:
            self.reason = reason_of(error)
            self._tell("failed")
            return _exit_code_of(error)
        self._tell("stopped")
        return 0

    async def _until_stopped(self, stopping: asyncio.Event, announce: Announce) -> None:
        if not await _unless(stopping, self._supervisor.start()):
            return
        learning: list[asyncio.Task[None]] = []
        try:
            self._tell("ready")
            announce(self._supervisor)
            learning = self._learn()
            if await _unless(stopping, self._supervisor.failed()):
                raise self._supervisor.failure or RuntimeError("unknown failure")
        finally:
            for task in learning:
                task.cancel()
            await asyncio.gather(self._supervisor.stop(), *learning, return_exceptions=True)

    def _learn(self) -> list[asyncio.Task[None]]:
        if self._choice.name is not RuntimeName.EMBEDDED:
            return []
        from local_runtime.runtimes.training import in_background

        return [in_background(self._run_dir.log("training"))]

    def _tell(self, phase: str) -> None:
        content = {
            "pid": os.getpid(),
            "phase": phase,
            "reason": self.reason,
            "runtime": self._choice.name.value,
            "stages": self._supervisor.stopwatch.stages,
            "differences": list(self._supervisor.differences),
        }
        write_json(self._run_dir.state, content)


def reason_of(error: BaseException) -> str:
    """What went wrong, in the words of the errors that a group holds."""
    if isinstance(error, BaseExceptionGroup):
        return "\n".join(reason_of(inner) for inner in error.exceptions)
    return str(error) or type(error).__name__


def _exit_code_of(error: BaseException) -> int:
    return error.exit_code if isinstance(error, GaveUpError) else 1


def _stop_event() -> asyncio.Event:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _STOP_SIGNALS:
        loop.add_signal_handler(number, stopping.set)
    return stopping


async def _unless(stopping: asyncio.Event, work: Any) -> bool:
    """Whether ``work`` came to its end before the stop; it is cancelled otherwise."""
    working = asyncio.ensure_future(work)
    waiting = asyncio.ensure_future(stopping.wait())
    await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if working.done():
        working.result()
        return True
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    return False
