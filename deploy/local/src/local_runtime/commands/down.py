"""``orderproof down``: stop what runs in a run directory."""

import asyncio
from time import monotonic
from typing import Annotated

import typer

from local_runtime.commands.options import JsonOption, Output, RunDirOption, existing
from local_runtime.paths import DEFAULT_RUN_DIR


def down(
    *,
    clean: Annotated[bool, typer.Option("--clean", help="Remove the state as well.")] = False,
    run_dir: RunDirOption = DEFAULT_RUN_DIR,
    as_json: JsonOption = False,
) -> None:
    """Stop the supervisor and all it runs."""
    from local_runtime.daemon import stop_running

    output = Output(as_json=as_json)
    place = existing(run_dir)
    started_s = monotonic()
    stopped = asyncio.run(stop_running(place))
    seconds = round(monotonic() - started_s, 2)
    if clean:
        place.remove()
    output.document({"stopped": stopped, "seconds": seconds, "removed": clean})
    output.console.print(f"Stopped in {seconds:g} s" if stopped else "Nothing was running")
