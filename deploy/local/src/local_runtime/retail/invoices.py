"""Rows put together to invoices, also where an invoice is scattered over the file."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from local_runtime.retail.lines import is_cancellation
from local_runtime.retail.rows import BadRow, Entry


@dataclass
class Survey:
    """A first reading of the file: the last line of each invoice, and what there is to do."""

    last_lines: dict[str, int] = field(default_factory=dict)
    rows: int = 0
    scattered: set[str] = field(default_factory=set)

    @property
    def sale_invoices(self) -> int:
        return sum(not is_cancellation(number) for number in self.last_lines)


@dataclass(frozen=True, slots=True)
class RawInvoice:
    """All rows of one invoice, in the file's order."""

    number: str
    entries: Sequence[Entry]


def survey(entries: Iterable[Entry]) -> Survey:
    """Read everything once and keep one number per invoice."""
    found = Survey()
    previous = ""
    for entry in entries:
        found.rows += 1
        if not entry.invoice:
            continue
        if entry.invoice != previous and entry.invoice in found.last_lines:
            found.scattered.add(entry.invoice)
        found.last_lines[entry.invoice] = entry.line
        previous = entry.invoice
    return found


def assemble(
    entries: Iterable[Entry], last_lines: Mapping[str, int]
) -> Iterator[RawInvoice | BadRow]:
    """Each invoice as soon as its last line is there, so that few are in memory at once."""
    open_: dict[str, list[Entry]] = {}
    for entry in entries:
        number = entry.invoice
        if not number:
            reason = entry.reason if isinstance(entry, BadRow) else "no invoice number"
            yield BadRow(entry.line, "", reason)
            continue
        open_.setdefault(number, []).append(entry)
        if entry.line == last_lines[number]:
            yield RawInvoice(number, open_.pop(number))
