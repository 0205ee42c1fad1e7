"""The demo from its start to its end: stack up, orders told, everything down at a signal."""

import asyncio
import os
import signal
import time
import uuid
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

from local_runtime.commands.options import Output
from local_runtime.config import CONSOLE, StackConfig
from local_runtime.demo_chaos import chaos, while_it_flows
from local_runtime.demo_judgement import all_as_told, judge_each
from local_runtime.demo_narration import narrate, whole_trace
from local_runtime.demo_screen import Stream, addresses, judgements, stage_line
from local_runtime.demo_system import System, system_at
from local_runtime.demo_traces import Traces
from local_runtime.demo_trickle import trickle
from local_runtime.endpoints import write_json
from local_runtime.paths import RunDir
from local_runtime.ports import PortBook
from local_runtime.runtimes.choice import Choice, build
from local_runtime.supervisor import Supervisor
from local_runtime.trace_tree import render

# Short enough to watch an order expire, long enough for a busy machine to decide the others.
ENVIRONMENT = {"ORDERS_DEADLINE_S": "6", "PAYMENTS_INQUIRY_DELAY_S": "0.6"}


@dataclass
class Demo:
    """What was asked for, and the seconds by stage so far."""

    config: StackConfig
    choice: Choice
    output: Output
    once: bool
    chaos: bool = False
    run: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    seconds: dict[str, float] = field(default_factory=dict)

    def say(self, line: str) -> None:
        self.output.console.print(line, markup=False)


def run_until_interrupted(asked: Demo) -> int | None:
    """The exit code; None when a signal ended the demo. Raises why the stack does not run."""
    try:
        return asyncio.run(_until_interrupted(_up_and_play(asked)))
    except asyncio.CancelledError:
        return None


async def _until_interrupted(work: Coroutine[Any, Any, int]) -> int:
    """Cancel ``work`` at the first signal; later ones do not disturb it on its way down."""
    loop = asyncio.get_running_loop()
    working = asyncio.ensure_future(work)
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def interrupt() -> None:
        for number in signals:
            loop.add_signal_handler(number, lambda: None)
        working.cancel()

    for number in signals:
        loop.add_signal_handler(number, interrupt)
    return await working


async def _up_and_play(asked: Demo) -> int:
    supervisor = _supervisor(asked)
    started_s = time.monotonic()
    with asked.output.console.status("Starting …"):
        await supervisor.start()
    try:
        asked.seconds |= supervisor.stopwatch.stages
        asked.seconds["boot in all"] = time.monotonic() - started_s
        _tell_others(asked, supervisor)
        async with system_at(supervisor.endpoints) as system:
            return await _unless_it_breaks(supervisor, _play(asked, supervisor, system))
    finally:
        await supervisor.stop()


def _supervisor(asked: Demo) -> Supervisor:
    config = replace(asked.config, environment=ENVIRONMENT)
    ports = PortBook(fixed=config.fixed_ports)
    run_dir = RunDir.at(config.run_dir)
    partners = config.partner_listener
    runtime = build(asked.choice.name, run_dir, ports, os.environ, partner_listener=partners)
    return Supervisor(config, runtime, ports)


def _tell_others(asked: Demo, supervisor: Supervisor) -> None:
    """What ``orderproof status`` reads."""
    content = {
        "pid": os.getpid(),
        "phase": "ready",
        "reason": "",
        "runtime": asked.choice.name.value,
        "stages": supervisor.stopwatch.stages,
        "differences": list(supervisor.differences),
    }
    write_json(supervisor.run_dir.state, content)


async def _unless_it_breaks(supervisor: Supervisor, work: Coroutine[Any, Any, int]) -> int:
    """The result of ``work``; raises as soon as a part of the stack cannot be kept alive."""
    working = asyncio.ensure_future(work)
    broken = asyncio.ensure_future(supervisor.failed())
    try:
        await asyncio.wait({working, broken}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise broken.result()
        return working.result()
    finally:
        working.cancel()
        broken.cancel()
        await asyncio.gather(working, broken, return_exceptions=True)


async def _play(asked: Demo, supervisor: Supervisor, system: System) -> int:
    console = supervisor.endpoints[CONSOLE]
    traces = Traces(system.http, console)
    started_s = time.monotonic()
    asked.say("An order on its way:")
    order_id, trace_id = await narrate(system, traces, asked.run, asked.say)
    asked.seconds["first delivered order"] = time.monotonic() - started_s
    asked.say(stage_line(asked.seconds))
    asked.say(f"\nIts trace, {trace_id}:")
    asked.say(render(await whole_trace(traces, trace_id)))
    asked.say(addresses(supervisor.endpoints, asked.config.services))
    root = supervisor.run_dir.root.name
    asked.say(f"Persistence: {root}/ (kept; make clean removes)")
    asked.say(f"\nLook at the order, and at all others: {console}/orders/{order_id}")
    if asked.once and not asked.chaos:
        return await _each_outcome(asked, system, order_id)
    with Stream(asked.output.console) as stream:
        if asked.chaos:
            flow = trickle(system, asked.run, stream)
            healed = await while_it_flows(flow, chaos(supervisor, system, asked.say))
            if asked.once:
                return 0 if healed else 1
        await trickle(system, f"{asked.run}-on", stream)
    return 0


async def _each_outcome(asked: Demo, system: System, delivered_id: str) -> int:
    asked.say("\nOne order of each outcome, to its end …")
    started_s = time.monotonic()
    judged = await judge_each(system, asked.run, delivered_id)
    asked.seconds["each outcome"] = time.monotonic() - started_s
    fine = all_as_told(judged)
    asked.say(judgements(judged))
    asked.say("All went as told" if fine else "Not all went as told")
    seconds = {name: round(took_s, 2) for name, took_s in asked.seconds.items()}
    asked.output.document({"as_told": fine, "seconds": seconds, "orders": judged})
    return 0 if fine else 1
