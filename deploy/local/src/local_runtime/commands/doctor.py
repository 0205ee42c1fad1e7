"""``orderproof doctor``: what is missing on this machine and what mends it."""

from dataclasses import asdict

import typer
from rich.table import Table

from local_runtime.commands.options import JsonOption, Output, RunDirOption
from local_runtime.doctor import Finding, blocking, examine
from local_runtime.paths import DEFAULT_RUN_DIR, RunDir


def doctor(run_dir: RunDirOption = DEFAULT_RUN_DIR, *, as_json: JsonOption = False) -> None:
    """Examine the machine; exit 1 when something forbids a start."""
    output = Output(as_json=as_json)
    findings = examine(RunDir.at(run_dir))
    healthy = not blocking(findings)
    output.document({"healthy": healthy, "findings": [asdict(each) for each in findings]})
    output.console.print(_table(findings))
    if not healthy:
        raise typer.Exit(1)


def _table(findings: list[Finding]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    for each in findings:
        mark = "ok" if each.fine else ("missing" if each.blocks else "note")
        table.add_row(mark, each.subject, each.detail, "" if each.fine else each.remedy)
    return table
