"""From the rows of a file to what must be placed, told or listed, in the file's order."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from shared.contracts.storefront import AMOUNT_MINOR_MAX, LINES_MAX

from local_runtime.retail.invoices import RawInvoice, assemble
from local_runtime.retail.lines import (
    REFERENCE_CHARACTERS_MAX,
    Judged,
    LeftOut,
    Line,
    is_cancellation,
    judge,
)
from local_runtime.retail.orders import SaleOrder, sale_order
from local_runtime.retail.returns import Purchases, Return
from local_runtime.retail.rows import BadRow, Entry, Row


@dataclass(frozen=True, slots=True)
class NoGoods:
    """A sale invoice of which no line is left; each of its lines is listed for itself."""

    invoice: str
    lines: int


@dataclass(frozen=True, slots=True)
class Unplaceable:
    """A sale invoice that cannot be an order; ``clean`` when its rows are not to blame."""

    invoice: str
    lines: int
    total_minor: int
    reason: str
    clean: bool


Planned: TypeAlias = SaleOrder | Return | NoGoods | Unplaceable | LeftOut | BadRow


def plan(
    entries: Iterable[Entry], last_lines: Mapping[str, int], token: str, limit: int | None = None
) -> Iterator[Planned]:
    """What becomes of each row and invoice; reading ends once ``limit`` orders are told."""
    purchases = Purchases()
    orders = 0
    for one in assemble(entries, last_lines):
        if limit is not None and orders >= limit:
            return
        for planned in [one] if isinstance(one, BadRow) else _invoice(one, purchases, token):
            orders += isinstance(planned, SaleOrder)
            yield planned


def _invoice(invoice: RawInvoice, purchases: Purchases, token: str) -> Iterator[Planned]:
    judged = [_judged(entry) for entry in invoice.entries]
    yield from (one for one in judged if not isinstance(one, Line))
    rows = [entry for entry in invoice.entries if isinstance(entry, Row)]
    lines = [one for one in judged if isinstance(one, Line)]
    customers = {row.customer for row in rows} - {""}
    if is_cancellation(invoice.number):
        customer = min(customers) if len(customers) == 1 else None
        yield purchases.take_back(invoice.number, customer, lines)
    else:
        yield _sale(invoice, rows, judged, purchases, token)


def _sale(
    invoice: RawInvoice,
    rows: Sequence[Row],
    judged: Sequence[Judged],
    purchases: Purchases,
    token: str,
) -> SaleOrder | NoGoods | Unplaceable:
    lines = [one for one in judged if isinstance(one, Line)]
    bad = [one for one in judged if isinstance(one, BadRow)]
    if not lines and not bad:
        return NoGoods(invoice.number, len(judged))
    total_minor = sum(line.amount_minor for line in lines)
    found = _problem(rows, lines, bad, total_minor)
    if found is not None:
        reason, clean = found
        return Unplaceable(invoice.number, len(lines), total_minor, reason, clean)
    order = sale_order(rows, lines, token)
    purchases.bought(order.body["customer"]["id"], order.reference, order.units)
    return order


def _problem(
    rows: Sequence[Row], lines: Sequence[Line], bad: Sequence[BadRow], total_minor: int
) -> tuple[str, bool] | None:
    """Why it cannot be an order, and whether its rows are clean all the same."""
    if bad:
        # Its true total is not known, and nobody is charged for half of an invoice.
        return f"its line {bad[0].line} cannot be read: {bad[0].reason}", False
    customers = sorted({row.customer for row in rows} - {""})
    if len(customers) > 1:
        return f"it names {len(customers)} customers: {', '.join(customers[:5])}", False
    if any(len(text) > REFERENCE_CHARACTERS_MAX or "\x00" in text for text in customers):
        return "its customer's number is too long or has NUL in it", False
    if len(lines) > LINES_MAX:
        return f"{len(lines)} lines are more than the {LINES_MAX} an order may have", True
    if total_minor > AMOUNT_MINOR_MAX:
        return f"its total is above {AMOUNT_MINOR_MAX} pence", True
    return None


def _judged(entry: Entry) -> Judged:
    return judge(entry) if isinstance(entry, Row) else entry
