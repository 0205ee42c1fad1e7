"""What many seeds found: how often each row was used after each fault, and what was wrong."""

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.simulation.cells import CELLS, ROWS
from tests.simulation.faults import FAULTS
from tests.simulation.impossible import impossible

HISTORY_MAX = 80


@dataclass(frozen=True)
class Failure:
    """A seed that ended wrong: what the judges said, its history, and in which tier."""

    seed: int
    violations: list[str]
    history: list[str]
    postgresql: bool = False

    @property
    def command(self) -> str:
        tier = "--postgresql " if self.postgresql else ""
        return f".venv/bin/python -m tests.simulation {tier}--seed {self.seed}"


@dataclass
class Report:
    """``rows`` counts uses of a row of the orders' table, ``hits`` those after each fault."""

    seeds: int = 0
    orders: int = 0
    deliveries: int = 0
    seconds: float = 0.0
    rows: Counter[tuple[str, str]] = field(default_factory=Counter)
    hits: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    digests: dict[int, str] = field(default_factory=dict)

    def add(self, other: "Report") -> None:
        self.seeds += other.seeds
        self.orders += other.orders
        self.deliveries += other.deliveries
        self.rows += other.rows
        self.hits += other.hits
        self.faults += other.faults
        self.failures += other.failures
        self.digests |= other.digests

    @property
    def missed(self) -> list[tuple[str, str, str]]:
        """Cells that can be hit and were not."""
        return [(*row, fault) for row, fault in CELLS if not self.hits[(*row, fault)]]

    @property
    def surprises(self) -> list[tuple[str, str, str]]:
        """Cells that were hit although they are listed as impossible."""
        return sorted(cell for cell in self.hits if impossible(cell[:2], cell[2]))

    def as_json(self) -> str:
        members: dict[str, Any] = {
            "seeds": self.seeds,
            "orders": self.orders,
            "deliveries": self.deliveries,
            "seconds": round(self.seconds, 1),
            "faults": dict(sorted(self.faults.items())),
            "rows": {" ".join(row): n for row, n in sorted(self.rows.items())},
            "hits": {" ".join(cell): n for cell, n in sorted(self.hits.items())},
            "missed": [" ".join(cell) for cell in self.missed],
            "surprises": [" ".join(cell) for cell in self.surprises],
            "failures": [{**asdict(one), "command": one.command} for one in self.failures],
        }
        return json.dumps(members, indent=2)


def as_text(report: Report) -> str:
    """The table of rows and faults, and what the run comes to."""
    kinds = list(FAULTS)
    legend = [f"  {letter(n)}  {kind}: {FAULTS[kind]}" for n, kind in enumerate(kinds)]
    head = f"{'':40}{'all':>9}" + "".join(f"{letter(n):>7}" for n in range(len(kinds)))
    lines = ["Rows of the orders' table, used after each fault had struck the order:", *legend]
    lines += ["", head, *(_line(report, row, kinds) for row in ROWS), ""]
    lines.append(f"{'faults':40}{'':9}" + "".join(f"{report.faults[one]:>7}" for one in kinds))
    lines += ["", *_failures(report), _summary(report)]
    return "\n".join(lines)


def letter(place: int) -> str:
    return chr(ord("A") + place)


def _line(report: Report, row: tuple[str, str], kinds: list[str]) -> str:
    cells = (
        "–"
        if impossible(row, kind) and not report.hits[(*row, kind)]
        else report.hits[(*row, kind)]
        for kind in kinds
    )
    return f"{' '.join(row):40}{report.rows[row]:>9}" + "".join(f"{one:>7}" for one in cells)


def _failures(report: Report) -> list[str]:
    lines: list[str] = []
    for one in report.failures[:10]:
        lines += [f"seed {one.seed} ended wrong:", *(f"  {text}" for text in one.violations)]
        lines += ["  its history ends:", *(f"    {text}" for text in one.history[-HISTORY_MAX:])]
        lines += [f"  again: {one.command}", ""]
    return lines


def _summary(report: Report) -> str:
    found = f"{len(report.failures)} seeds ended wrong" if report.failures else "nothing was wrong"
    return (
        f"{report.seeds} seeds, {report.orders} orders, {report.deliveries} deliveries, "
        f"{report.faults.total()} faults in {report.seconds:.0f} s: {found}; "
        f"{len(report.missed)} cells were not hit."
    )
