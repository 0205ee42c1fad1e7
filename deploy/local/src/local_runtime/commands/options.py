"""Options and output that the commands share."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from local_runtime.paths import RunDir
from local_runtime.runtimes.choice import RuntimeName

RunDirOption = Annotated[
    Path, typer.Option("--run-dir", help="Where logs, state and addresses are kept.")
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on stdout, nothing else.")
]
RuntimeOption = Annotated[
    RuntimeName | None,
    typer.Option(help="Default: external when addresses are in the environment, else embedded."),
]
OperatorOption = Annotated[
    str, typer.Option(envvar="USER", help="Who does it; the service keeps a record of that.")
]

OPERATOR_CHARACTERS_MAX = 100


class Output:
    """One JSON document, or words and tables for a person."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.console = Console(quiet=as_json, highlight=False, soft_wrap=True, emoji=False)

    def document(self, content: Mapping[str, Any]) -> None:
        """Print the document when one was asked for."""
        if self.as_json:
            sys.stdout.write(json.dumps(content, indent=2) + "\n")
            sys.stdout.flush()

    def fail(self, reason: str, code: int = 1) -> typer.Exit:
        """Say why; the returned exit is for the caller to raise."""
        self.document({"error": reason})
        if not self.as_json:
            Console(stderr=True, highlight=False, soft_wrap=True, emoji=False).print(
                reason, markup=False
            )
        return typer.Exit(code)


def existing(run_dir: Path) -> RunDir:
    """The run directory without making it."""
    return RunDir(run_dir.resolve())


def signature(operator: str, output: Output) -> str:
    """The operator's name as a header can carry it; ends the command when none can."""
    if not operator.isascii() or not operator.isprintable():
        raise output.fail("--operator: printable ASCII characters only", code=2)
    if not 0 < len(operator) <= OPERATOR_CHARACTERS_MAX:
        raise output.fail(f"--operator: 1 to {OPERATOR_CHARACTERS_MAX} characters", code=2)
    return operator
