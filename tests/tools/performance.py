"""The tables of docs/performance.md, from the figures of the run that was published last."""

import json
from pathlib import Path
from typing import Any

from tests.bench import report
from tests.tools.blocks import table

ROOT = Path(__file__).resolve().parents[2]
FIGURES = Path("docs") / "performance.json"
GRAPHS = Path("docs") / "performance"
NONE = (
    "No run is published yet; `make bench ARGS='--flame --publish'` makes one and writes it here."
)
MACHINE = ("cpu", "cores", "memory_gib", "system", "python")


def figures() -> str:
    """Every table, with the command and the machine of the run."""
    file = ROOT / FIGURES
    return rendered(json.loads(file.read_text("utf-8"))) if file.is_file() else NONE


def rendered(told: dict[str, Any]) -> str:
    """The tables of one document."""
    machine = told["machine"]
    where = ", ".join(f"{name} {machine[name]}" for name in MACHINE)
    libraries = ", ".join(f"{name} {number}" for name, number in machine["libraries"].items())
    verdict = "held" if told["audit"]["holds"] else "DID NOT HOLD"
    parts = [
        f"`{told['command']}`, {told['form']} form, {told['seconds']} s, provider and mail "
        f"{told['provider_and_mail']}, {told['instances']} of each service.\n"
        f"On: {where}.\nWith: {libraries}.\n"
        f"The audit of its {told['audit']['orders']} orders {verdict}.",
        *(_section(one.title, one.head, one.rows(told)) for one in report.SECTIONS),
    ]
    return "\n\n".join(part for part in parts if part)


def graphs() -> str:
    """Links to the flame graphs that there are."""
    found = sorted((ROOT / GRAPHS).glob("*.svg"))
    return "\n".join(f"- [{one.stem}](performance/{one.name})" for one in found) or NONE


def _section(title: str, head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    return f"### {title}\n\n{table(head, rows)}" if rows else ""
