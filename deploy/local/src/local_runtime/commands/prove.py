"""``orderproof prove``: the fault suite with its outside judges, from the repository's root."""

import os
import sys
from typing import Annotated

import typer

from local_runtime.commands.options import JsonOption, Output
from local_runtime.paths import repository_root

Seed = Annotated[int | None, typer.Option(help="The seed of an earlier run; else a new one.")]
Only = Annotated[str, typer.Option(help="Ids or stages by comma: F20,R4,races.")]
Full = Annotated[
    bool, typer.Option("--full", help="Three seeds, every point once, races by 10,000.")
]
Minutes = Annotated[float | None, typer.Option(min=0.1, help="A soak of random faults.")]
Orders = Annotated[int | None, typer.Option(min=1, help="Orders of each run, at least.")]
Pairs = Annotated[int | None, typer.Option(min=1, help="Pairs of each race.")]


def prove(
    *,
    seed: Seed = None,
    only: Only = "",
    full: Full = False,
    minutes: Minutes = None,
    orders: Orders = None,
    pairs: Pairs = None,
    as_json: JsonOption = False,
) -> None:
    """Break a system of its own in every way, and show the books.

    Exit 0 only if every promise held, every fault showed its witness and every bug was caught.
    """
    root = repository_root()
    if not (root / "tests" / "proof").is_dir():
        raise Output(as_json=as_json).fail(f"{root}: the suite is not installed with it", code=2)
    given = {
        "--seed": seed,
        "--only": only or None,
        "--minutes": minutes,
        "--orders": orders,
        "--pairs": pairs,
    }
    options = [f"{name}={value}" for name, value in given.items() if value is not None]
    flags = [name for name, is_set in (("--full", full), ("--json", as_json)) if is_set]
    os.chdir(root)
    # In place of this process: signals and the exit code are the suite's own.
    os.execv(  # noqa: S606
        sys.executable, [sys.executable, "-m", "tests.proof", *options, *flags]
    )
