"""``orderproof status``: what runs, where, and whether it is ready."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import typer
from rich.table import Table

from local_runtime.commands.options import JsonOption, Output, RunDirOption, existing
from local_runtime.endpoints import read_json
from local_runtime.paths import DEFAULT_RUN_DIR, RunDir
from local_runtime.programs import READY_PATH, status_of
from local_runtime.run_lock import live_state


def status(run_dir: RunDirOption = DEFAULT_RUN_DIR, *, as_json: JsonOption = False) -> None:
    """Show the running stack; exit 1 when nothing runs or something is not ready."""
    output = Output(as_json=as_json)
    content = asyncio.run(_status(existing(run_dir)))
    output.document(content)
    output.console.print(_table(content) if content["running"] else "Nothing is running")
    if not content["running"] or not all(row["ready"] for row in content["instances"]):
        raise typer.Exit(1)


async def _status(run_dir: RunDir) -> dict[str, Any]:
    state = live_state(run_dir)
    if state is None:
        return {"running": False, "instances": []}
    endpoints = read_json(run_dir.endpoints) or {}
    instances = endpoints.get("instances", {})
    rows = await asyncio.gather(*(_row(name, each) for name, each in instances.items()))
    return {"running": True, **state, "instances": rows, "endpoints": endpoints}


async def _row(name: str, instance: Mapping[str, Any]) -> dict[str, Any]:
    port = urlsplit(instance["http"]).port or 0
    return {"name": name, **instance, "ready": await status_of(port, READY_PATH) == 200}


def _table(content: Mapping[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False, title_justify="left")
    table.title = f"{content['phase']}, runtime {content['runtime']}, pid {content['pid']}"
    for heading in ("instance", "pid", "address", "ready"):
        table.add_column(heading)
    for row in content["instances"]:
        table.add_row(row["name"], str(row["pid"]), row["http"], "yes" if row["ready"] else "no")
    return table
