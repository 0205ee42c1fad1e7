"""``orderproof demo``: the whole system up, real orders flowing and told, everything down."""

import os
from typing import Annotated

import typer

from local_runtime.commands.options import JsonOption, Output, RunDirOption, RuntimeOption
from local_runtime.commands.up import refuse_what_cannot_start
from local_runtime.config import WITH_CONSOLE, StackConfig
from local_runtime.paths import DEFAULT_RUN_DIR, RunDir
from local_runtime.runtimes.choice import choose

EXIT_INTERRUPTED = 130


def demo(
    *,
    once: Annotated[
        bool, typer.Option("--once", help="One order of each outcome, judged; then down.")
    ] = False,
    chaos: Annotated[
        bool,
        typer.Option(
            "--chaos", help="Break three things and watch the console; with --once: down."
        ),
    ] = False,
    runtime: RuntimeOption = None,
    run_dir: RunDirOption = DEFAULT_RUN_DIR,
    as_json: JsonOption = False,
) -> None:
    """Show real orders on their way through the whole system; Ctrl-C stops everything."""
    from local_runtime.demo_lifecycle import Demo, run_until_interrupted
    from local_runtime.session import reason_of

    output = Output(as_json=as_json)
    if as_json and (chaos or not once):
        raise output.fail("--json goes with --once: an endless demo has no one document")
    refuse_what_cannot_start(RunDir.at(run_dir), output)
    config = StackConfig(run_dir=run_dir, services=WITH_CONSOLE)
    asked = Demo(config, choose(runtime, os.environ), output, once, chaos)
    asked.say(str(asked.choice))
    try:
        code = run_until_interrupted(asked)
    except Exception as error:
        raise output.fail(reason_of(error)) from error
    if code is None:
        asked.say("Stopped; nothing is left running")
        code = EXIT_INTERRUPTED if once else 0
    if code:
        raise typer.Exit(code)
