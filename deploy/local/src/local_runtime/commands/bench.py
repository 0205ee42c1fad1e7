"""``orderproof bench``: the benchmark with its limit and its peers, from the repository's root."""

import os
import sys
from enum import StrEnum
from typing import Annotated

import typer

from local_runtime.commands.options import JsonOption, Output
from local_runtime.paths import repository_root


class Intake(StrEnum):
    """Where a single load's orders come in."""

    KAFKA = "kafka"
    HTTP = "http"


Short = Annotated[bool, typer.Option("--short", help="A minute: only that all of it works.")]
Only = Annotated[
    str,
    typer.Option(
        help="Parts, by comma: sustained,latency,idle,pairs, which are usual, "
        "hot,large,outage,drain,growth,instances,flame."
    ),
]
Rate = Annotated[float | None, typer.Option(min=1, help="One load of so many orders a second.")]
Seconds = Annotated[float | None, typer.Option(min=1, help="Of each window that is measured.")]
By = Annotated[Intake | None, typer.Option(help="Where that one load comes in.")]


def bench(
    *,
    short: Short = False,
    only: Only = "",
    rate: Rate = None,
    seconds: Seconds = None,
    intake: By = None,
    as_json: JsonOption = False,
) -> None:
    """Measure a system of its own: rates, latencies and costs beside the machine's limit.

    Exit 0 only if every order that was placed is right. More knobs: make bench ARGS=--help.
    """
    root = repository_root()
    if not (root / "tests" / "bench").is_dir():
        raise Output(as_json=as_json).fail(f"{root}: the benchmark is not installed", code=2)
    given = {"--only": only or None, "--rate": rate, "--seconds": seconds, "--intake": intake}
    options = [f"{name}={value}" for name, value in given.items() if value is not None]
    flags = [name for name, is_set in (("--short", short), ("--json", as_json)) if is_set]
    os.chdir(root)
    # In place of this process: signals and the exit code are the benchmark's own.
    os.execv(  # noqa: S606
        sys.executable, [sys.executable, "-m", "tests.bench", *options, *flags]
    )
