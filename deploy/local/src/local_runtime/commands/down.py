"""``orderproof down``: stop what runs in a run directory."""

import asyncio
import shutil
from time import monotonic
from typing import Annotated

import typer

from local_runtime.commands.options import JsonOption, Output, RunDirOption, existing
from local_runtime.daemon import stop_running
from local_runtime.paths import DEFAULT_RUN_DIR, RunDir


def down(
    *,
    clean: Annotated[bool, typer.Option("--clean", help="Remove the state as well.")] = False,
    run_dir: RunDirOption = DEFAULT_RUN_DIR,
    as_json: JsonOption = False,
) -> None:
    """Stop the supervisor and all it runs."""
    output = Output(as_json=as_json)
    place = existing(run_dir)
    started_s = monotonic()
    stopped = asyncio.run(stop_running(place))
    seconds = round(monotonic() - started_s, 2)
    if clean:
        remove(place)
    output.document({"stopped": stopped, "seconds": seconds, "removed": clean})
    output.console.print(f"Stopped in {seconds:g} s" if stopped else "Nothing was running")


def remove(place: RunDir) -> None:
    """Remove the run directory and what had to lie outside of it."""
    for folder in (place.root, place.outside):
        if folder.exists():
            shutil.rmtree(folder)
