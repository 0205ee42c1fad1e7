"""``orderproof topics apply``: create missing topics, report what differs in the others."""

import asyncio
import os
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from local_runtime.commands.options import JsonOption, Output, RunDirOption, existing
from local_runtime.endpoints import read_json
from local_runtime.paths import DEFAULT_RUN_DIR, RunDir, topics_file
from local_runtime.runtimes.external import KAFKA_VARIABLE
from local_runtime.topics import Applied, apply_topics, read_topics

topics = typer.Typer(help="The topics of deploy/kafka/topics.toml.", no_args_is_help=True)


class Profile(StrEnum):
    """The sizes in the file."""

    LOCAL = "local"
    LOCAL_CLUSTER = "local-cluster"
    PRODUCTION = "production"


@topics.callback()
def _group() -> None:
    """Keep ``apply`` a sub-command although it is the only one."""


@topics.command()
def apply(
    *,
    kafka: Annotated[str | None, typer.Option(help="Default: the running stack's broker.")] = None,
    profile: Annotated[Profile, typer.Option(help="Which sizes to apply.")] = Profile.LOCAL,
    file: Annotated[Path | None, typer.Option(help="Default: the repository's.")] = None,
    prefix: Annotated[str, typer.Option(help="Put before every topic's name.")] = "",
    run_dir: RunDirOption = DEFAULT_RUN_DIR,
    as_json: JsonOption = False,
) -> None:
    """Create what is missing; exit 1 when a live topic differs, which is never changed."""
    output = Output(as_json=as_json)
    bootstrap = kafka or os.environ.get(KAFKA_VARIABLE) or _running_broker(existing(run_dir))
    if not bootstrap:
        raise output.fail("no stack is running; start one with: orderproof up --detach")
    wanted = read_topics(file or topics_file(), profile.value, prefix)
    applied = asyncio.run(apply_topics(bootstrap, wanted))
    output.document(asdict(applied))
    _print(applied, output)
    if applied.differences:
        raise typer.Exit(1)


def _running_broker(run_dir: RunDir) -> str | None:
    endpoints = read_json(run_dir.endpoints)
    return str(endpoints["kafka"]) if endpoints else None


def _print(applied: Applied, output: Output) -> None:
    for name in applied.created:
        output.console.print(f"created    {name}")
    for name in applied.unchanged:
        output.console.print(f"unchanged  {name}")
    for difference in applied.differences:
        output.console.print(f"differs    {difference}", markup=False)
