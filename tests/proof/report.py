"""What a run came to: one row per fault, the table at the end, and the document for machines."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import strftime
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.proof.judges.verdict import Violation

FILE = Path(".run") / "proof.json"
MONEY = {"money-follows-orders", "captured-once", "charged-as-ordered", "money-is-told"}
STOCK = {"stock-follows-orders", "goods-are-told"}
MAILS = {"buyer-is-told", "mail-is-right"}
PARTNER = {"partner-is-told", "partner-can-verify", "same-bytes-again"}
JUDGED = {"money": MONEY, "stock": STOCK, "mails": MAILS, "partner": PARTNER}
LINE_MAX = 300  # Characters of a line on the screen; the document has all of it.


@dataclass
class Row:
    """One thing shown: a fault's run, a planted bug, a simulation.

    ``void`` says why the run shows nothing; such a run fails. ``recovery_s`` is from the fault's
    end until an order placed after it was decided, ``recovered_as`` what it came to: one that has
    expired was let go. What was counted before does not count again.
    """

    id: str
    title: str
    seed: int
    runs: int = 1
    witness: str = ""
    orders: int = 0
    in_flight: int = 0
    kills: int = 0
    recovery_s: float = 0.0
    recovered_as: str = ""
    seconds: float = 0.0
    mails_repeated: int = 0
    void: str = ""
    violations: list[Violation] = field(default_factory=list)
    timeline: list[str] = field(default_factory=list)
    again: str = ""
    counts: bool = True

    @property
    def passed(self) -> bool:
        return bool(self.witness) and not self.void and not self.violations

    def holds(self, checks: set[str]) -> str:
        """A cell of the table: how many violations there are of some checks."""
        if self.void:
            return "void"
        broken = sum(one.check in checks for one in self.violations)
        return f"{broken} BROKEN" if broken else "right"


@dataclass
class Progress:
    """One line per phase while it goes on; silent when a document was asked for.

    ``rows`` are the runs that are over, for whoever ends the whole of it early.
    """

    console: Console
    rows: list[Row] = field(default_factory=list)

    def say(self, words: str) -> None:
        self.console.print(words, markup=False)

    def phase(self, words: str) -> None:
        """Where the present run is, in a line."""
        first = words.partition("\n")[0][:LINE_MAX]
        self.say(f"{strftime('%H:%M:%S'):>22} {first}")

    def finished(self, row: Row) -> None:
        """The line of a run that is over, and all there is to know of one that failed."""
        self.rows.append(row)
        end = "held" if row.passed else "FAILED"
        after = f"next one {row.recovered_as} in {row.recovery_s:.1f} s, "
        self.say(
            f"{row.id:<22} {end:<6} {row.orders} orders, {row.in_flight} in flight, "
            f"{after if row.recovered_as else ''}{row.seconds:.0f} s: {row.witness}"
        )
        if row.passed:
            return
        told = (*filter(None, [row.void]), *_words(row.violations), *row.timeline)
        for line in "\n".join(told).splitlines():
            self.say(f"    {line[:LINE_MAX]}")
        self.say(f"    again: {row.again}")


def table(rows: Sequence[Row]) -> Table:
    """Fault × runs × witness × orders × money × stock × mails × partner × violations."""
    made = Table(box=None, pad_edge=False)
    for head in ("fault", "runs", "orders", *JUDGED, "violations", "s", "witness"):
        made.add_column(head, overflow="fold")
    for row in rows:
        judged = [row.holds(one) if row.orders else "" for one in JUDGED.values()]
        told = [row.void or row.witness, f"{row.recovery_s:.1f}", str(len(row.violations))]
        made.add_row(row.id, str(row.runs), str(row.orders), *judged, *told[::-1])
    return made


def document(rows: Sequence[Row], not_run: Sequence[str], **more: Any) -> dict[str, Any]:
    """The same for machines."""
    return {
        "passed": bool(rows) and all(row.passed for row in rows),
        "runs": sum(row.runs for row in rows if row.counts),
        "orders": sum(row.orders for row in rows if row.counts),
        "sigkills": sum(row.kills for row in rows),
        "violations": sum(len(row.violations) for row in rows),
        "not_run": list(not_run),
        **more,
        "rows": [{**asdict(row), "passed": row.passed} for row in rows],
    }


def write(content: dict[str, Any], file: Path = FILE) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, indent=2) + "\n")


def _words(violations: Sequence[Violation], most: int = 12) -> list[str]:
    told = [f"{one.check} {one.order_id}: {one.words}" for one in violations[:most]]
    left = len(violations) - most
    return [*told, f"and {left} more"] if left > 0 else told
