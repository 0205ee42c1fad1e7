"""What the demo shows beside its narration: addresses, seconds, judgements, the stream."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

ROWS_MAX = 15


def addresses(endpoints: Mapping[str, Any], services: Sequence[str]) -> str:
    """What to open, and with what."""
    rows = [(name, endpoints[name], f"{endpoints[name]}/docs") for name in services]
    rows += [
        ("mailbox", endpoints["mail"]["messages"], ""),
        ("payment provider", f"{endpoints['provider']}/book", ""),
        ("traces", f"{endpoints['console']}/traces/{{trace id}}", ""),
        ("Kafka", endpoints["kafka"], ""),
    ]
    dsns = [f"  psql {dsn}" for dsn in endpoints["databases"].values()]
    return "\n".join([columns(rows), *dsns])


def stage_line(stages: Mapping[str, float]) -> str:
    """Seconds by stage, in the order given."""
    return "Seconds: " + ", ".join(f"{name} {took_s:.1f}" for name, took_s in stages.items())


def judgements(orders: Sequence[Mapping[str, Any]]) -> str:
    """Each order of the demo, the money it kept, and whether all went as told."""
    rows = [("outcome", "order", "status", "kept", "as told")]
    for one in orders:
        kept = f"{one['net_minor'] / 100:.2f}"
        verdict = "yes" if one["as_told"] else "NO: " + "; ".join(one["problems"])
        rows.append((one["outcome"], one["order_id"], one["status"], kept, verdict))
    return columns(rows)


def columns(rows: Sequence[tuple[str, ...]]) -> str:
    """Rows under each other; never folded, for addresses and ids are there to be copied."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return "\n".join(f"  {line}" for line in lines)


@dataclass
class Stream:
    """The outcomes of the orders that trickle in: the newest in place, or line by line."""

    console: Console
    _rows: deque[tuple[str, ...]] = field(default_factory=lambda: deque(maxlen=ROWS_MAX))
    _live: Live | None = None
    _ended: int = 0

    def __enter__(self) -> "Stream":
        if self.console.is_terminal:
            self._live = Live(console=self.console, auto_refresh=False)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, clock: str, order_id: str, told: str, took_s: float) -> None:
        """One more order came to its end."""
        self._ended += 1
        row = (clock, order_id, told, f"{took_s:.1f} s")
        self._rows.append(row)
        if self._live is None:
            self.console.print("  ".join(row), markup=False)
        else:
            self._live.update(self._table(), refresh=True)

    def _table(self) -> Table:
        table = Table("at", "order", "outcome", "took", box=None, pad_edge=False)
        table.caption = f"{self._ended} orders so far; Ctrl-C stops everything"
        for row in self._rows:
            table.add_row(*row)
        return table
